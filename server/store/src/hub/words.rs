//! What records are found by, for those that have none yet: from before there was a search like this, or handed in to a node of an earlier version.

use super::Hub;
use crate::{
    StoreError,
    db::{Rows, Scope, on_conn, read},
    words,
    writer::Keep,
};
use domain::OrgId;
use uuid::Uuid;

/// Records in one transaction.
const PIECE: usize = 500;

/// Whose records have none; a piece of them; and what gives them some.
const TABLES: [[&str; 3]; 3] = [
    [
        "SELECT DISTINCT org_id FROM incidents WHERE words IS NULL",
        "SELECT id, title, external_id FROM incidents WHERE words IS NULL AND org_id = $1 LIMIT 500",
        "UPDATE incidents SET words = v.words FROM v WHERE incidents.org_id = v.org AND incidents.id = v.id",
    ],
    [
        "SELECT DISTINCT org_id FROM events WHERE words IS NULL",
        "SELECT id, title, external_id FROM events WHERE words IS NULL AND org_id = $1 LIMIT 500",
        "UPDATE events SET words = v.words FROM v WHERE events.org_id = v.org AND events.id = v.id",
    ],
    [
        "SELECT DISTINCT org_id FROM indicators WHERE words IS NULL",
        "SELECT id, value, '' FROM indicators WHERE words IS NULL AND org_id = $1 LIMIT 500",
        "UPDATE indicators SET words = v.words FROM v WHERE indicators.org_id = v.org AND indicators.id = v.id",
    ],
];

impl Hub<'_> {
    /// Gives every record the words that it is found by. To be called when the database is opened, and now and then while another node may be of an earlier
    /// version; where there is nothing to do it reads three empty indexes.
    ///
    /// # Errors
    /// When the database fails; what was done stays done.
    pub async fn fold_words(&self) -> Result<(), StoreError> {
        for [orgs, some, set] in TABLES {
            let orgs: Vec<i64> = read!(self, c => sqlx::query_scalar(orgs).fetch_all(c).await)?;
            for org in orgs {
                while self.fold_some(OrgId(org), some, set).await? == PIECE {}
            }
        }
        Ok(())
    }

    async fn fold_some(&self, org: OrgId, some: &'static str, set: &'static str) -> Result<usize, StoreError> {
        let work = self.store.inner.writer.run(Scope::Partner(org), move |conn| {
            Box::pin(async move {
                let rows: Vec<(Uuid, String, String)> = on_conn!(conn, c => sqlx::query_as(some).bind(org.0).fetch_all(&mut *c).await)?;
                let words = |title: &str, external_id: &str| if external_id.is_empty() { words::fold(title) } else { words::of_record(title, external_id) };
                let folded: Vec<(Uuid, String)> = rows.iter().map(|(id, title, external_id)| (*id, words(title, external_id))).collect();
                Rows::of(&folded).with("org", |_| org.0).with("id", |(id, _)| *id).with("words", |(_, words)| words.as_str()).execute(conn, set).await?;
                Ok(Keep::Yes(rows.len()))
            })
        });
        work.await
    }
}
