//! Forms that were sent and not done, until their senders come back to them.

use super::Hub;
use crate::{
    StoreError,
    db::{execute, read},
};
use domain::Timestamp;

/// So many are kept at once, the newest.
const MOST: i64 = 4_000;
/// So many of one person, or of one browser that nobody is signed in with.
const MOST_OF_ONE: i64 = 20;

/// A form as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptForm {
    /// The hash of its browser's cookie: nobody else comes to it.
    pub browser: [u8; 32],
    /// Whose session it was, where it had not ended; then nobody else comes to it either.
    pub user: Option<i64>,
    /// Where it was sent.
    pub action: String,
    /// The page that it stood on.
    pub page: String,
    /// `application/x-www-form-urlencoded`, without secrets.
    pub fields: String,
    /// No field was left out.
    pub whole: bool,
    pub expires_at: Timestamp,
}

impl Hub<'_> {
    /// Keeps a form under the hash of its number. Forgets those whose time is over, and the oldest beyond [`MOST_OF_ONE`] and [`MOST`]: nobody puts other
    /// people's out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_form(&self, hash: [u8; 32], form: KeptForm, now: Timestamp) -> Result<(), StoreError> {
        const OVER: &str = "DELETE FROM kept_forms WHERE expires_at <= $1 \
             OR expires_at <= (SELECT expires_at FROM kept_forms ORDER BY expires_at DESC LIMIT 1 OFFSET $2)";
        const OF_PERSON: &str = "DELETE FROM kept_forms WHERE user_id = $1 \
             AND hash NOT IN (SELECT hash FROM kept_forms WHERE user_id = $1 ORDER BY expires_at DESC, hash LIMIT $2)";
        const OF_BROWSER: &str = "DELETE FROM kept_forms WHERE user_id IS NULL AND browser_hash = $1 \
             AND hash NOT IN (SELECT hash FROM kept_forms WHERE user_id IS NULL AND browser_hash = $1 ORDER BY expires_at DESC, hash LIMIT $2)";
        const KEEP: &str =
            "INSERT INTO kept_forms (hash, browser_hash, user_id, action, page, fields, whole, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(OVER).bind(now.0).bind(MOST).execute(&mut *c).await)?;
                execute!(conn, c => match form.user {
                    Some(user) => sqlx::query(OF_PERSON).bind(user).bind(MOST_OF_ONE - 1).execute(&mut *c).await,
                    None => sqlx::query(OF_BROWSER).bind(&form.browser[..]).bind(MOST_OF_ONE - 1).execute(&mut *c).await,
                })?;
                execute!(conn, c => {
                    let query = sqlx::query(KEEP).bind(&hash[..]).bind(&form.browser[..]).bind(form.user).bind(&form.action).bind(&form.page);
                    query.bind(&form.fields).bind(i64::from(form.whole)).bind(form.expires_at.0).execute(&mut *c).await
                })?;
                Ok(())
            })
        })
        .await
    }

    /// A form of this browser.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept_form(&self, hash: [u8; 32], browser: [u8; 32], now: Timestamp) -> Result<Option<KeptForm>, StoreError> {
        const FIND: &str = "SELECT user_id, action, page, fields, whole, expires_at FROM kept_forms WHERE hash = $1 AND browser_hash = $2 AND expires_at > $3";
        let row: Option<(Option<i64>, String, String, String, i64, i64)> =
            read!(self, c => sqlx::query_as(FIND).bind(&hash[..]).bind(&browser[..]).bind(now.0).fetch_optional(c).await)?;
        Ok(row.map(|(user, action, page, fields, whole, expires_at)| KeptForm {
            browser,
            user,
            action,
            page,
            fields,
            whole: whole != 0,
            expires_at: Timestamp(expires_at),
        }))
    }

    /// Takes a form away, to be sent; false where it was taken before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_form(&self, hash: [u8; 32]) -> Result<bool, StoreError> {
        const TAKE: &str = "DELETE FROM kept_forms WHERE hash = $1";
        self.write(move |conn| Box::pin(async move { Ok(execute!(conn, c => sqlx::query(TAKE).bind(&hash[..]).execute(&mut *c).await)? > 0) })).await
    }
}
