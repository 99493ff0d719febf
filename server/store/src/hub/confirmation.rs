//! What an organisation confirmed that everyone sees of it, and the alliance's defaults, which are what it is asked to confirm.
//!
//! What was confirmed stays. A default that shows less narrows it at once and for good; one that shows more is offered ([`domain::Sharing::offered`]), and
//! taking it is a change of rules like any other.

use super::{
    Hub,
    authority::{SOLE_WAIT, consent, made_by_operator, other_admins},
    proposals::{Approval, LIFE},
    sharing::{DEFAULTS, bad, decide, load},
};
use crate::{
    StoreError,
    audit::{self, Action, Entry},
    db::{Conn, execute, on_conn, read},
};
use domain::{ByClass, DataClass, Level, OrgId, Timestamp, sharing::Sharing};
use serde_json::Value;

/// Who is first to confirm, while their word is worth something.
const FIRST: &str = "SELECT c.confirmed_by, u.name, c.levels, c.confirmed_at, c.expires_at FROM sharing_confirmations c \
                     JOIN users u ON u.org_id = c.org_id AND u.id = c.confirmed_by WHERE c.org_id = $1 AND c.expires_at > $2 AND u.role = 'org_admin' AND u.disabled_at IS NULL";

type FirstSql = (i64, String, String, i64, i64);

/// A confirmation that waits for the organisation's second administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstConfirmation {
    /// The user who was first, and their name.
    pub by: (i64, String),
    /// What they saw that everyone would see.
    pub levels: ByClass<Level>,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

impl FirstConfirmation {
    /// From when on an organisation's only administrator may confirm it alone.
    #[must_use]
    pub fn alone_from(&self) -> Timestamp {
        self.at.plus(SOLE_WAIT)
    }
}

/// What became of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The organisation shares from now on, or has done so before.
    Done,
    /// A second administrator confirms the same.
    Waits,
    /// The first one's word and this one's are not those of two.
    Refused(Approval),
    /// What everyone would see is no longer what they saw.
    Changed,
}

fn read_first((by, name, levels, at, expires): FirstSql) -> Result<FirstConfirmation, StoreError> {
    let levels = serde_json::from_str(&levels).map_err(|e| bad(&format!("a confirmation: {e}")))?;
    Ok(FirstConfirmation { by: (by, name), levels, at: Timestamp(at), expires_at: Timestamp(expires) })
}

/// Levels as rows of the trail keep them: an object of JSON by the classes' names.
fn said(levels: ByClass<Level>) -> Result<Value, StoreError> {
    serde_json::to_value(levels).map_err(|e| StoreError::Internal(e.to_string()))
}

impl Hub<'_> {
    /// The confirmation of an organisation that waits for its second administrator.
    pub async fn first_confirmation(&self, org: OrgId, now: Timestamp) -> Result<Option<FirstConfirmation>, StoreError> {
        let first: Option<FirstSql> = read!(self, c => sqlx::query_as(FIRST).bind(org.0).bind(now.0).fetch_optional(c).await)?;
        first.map(read_first).transpose()
    }

    /// Confirms what an organisation shares, from what the administrator `by` saw that everyone would see: from now on its data counts for others, and
    /// these levels stay whatever becomes the default. It takes two administrators where there are two, neither of whom made the other; an only one whom the
    /// hub's operator made confirms at once, and another only one confirms again a day later.
    pub async fn confirm_sharing(&self, org: OrgId, seen: ByClass<Level>, by: i64, at: Timestamp) -> Result<Confirmation, StoreError> {
        const KEEP: &str = "INSERT INTO sharing_confirmations (org_id, levels, confirmed_by, confirmed_at, expires_at) VALUES ($1, $2, $3, $4, $5) \
                            ON CONFLICT (org_id) DO UPDATE SET levels = excluded.levels, confirmed_by = excluded.confirmed_by, \
                            confirmed_at = excluded.confirmed_at, expires_at = excluded.expires_at";
        const DONE: &str = "DELETE FROM sharing_confirmations WHERE org_id = $1";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let sharing = load(conn).await?;
                if sharing.is_confirmed(org) {
                    return Ok(Confirmation::Done);
                }
                if ByClass::from_fn(|class| sharing.for_everyone(org, class)) != seen {
                    return Ok(Confirmation::Changed);
                }
                let first: Option<FirstSql> = on_conn!(conn, c => sqlx::query_as(FIRST).bind(org.0).bind(at.0).fetch_optional(&mut *c).await)?;
                // A first one who saw something else confirmed something else.
                let first = first.map(read_first).transpose()?.filter(|first| first.levels == seen);
                let object = format!("organisation {}", org.0);
                let mut entry = Entry { at, actor, action: Action::SharingConfirmed, org: Some(org), object, detail: said(seen)? };
                match &first {
                    Some(first) => {
                        if let Some(refused) = Approval::refused(consent(conn, org, (first.by.0, first.at), by, at).await?) {
                            return Ok(Confirmation::Refused(refused));
                        }
                        entry.detail["first"] = first.by.0.into();
                    }
                    None if other_admins(conn, org, by, at).await? == 0 && made_by_operator(conn, by).await? => {}
                    None => {
                        let kept = serde_json::to_string(&seen).map_err(|e| StoreError::Internal(e.to_string()))?;
                        execute!(conn, c => {
                            sqlx::query(KEEP).bind(org.0).bind(kept).bind(by).bind(at.0).bind(at.plus(LIFE).0).execute(&mut *c).await
                        })?;
                        entry.action = Action::SharingConfirmationProposed;
                        audit::append(conn, entry).await?;
                        return Ok(Confirmation::Waits);
                    }
                }
                execute!(conn, c => sqlx::query(DONE).bind(org.0).execute(&mut *c).await)?;
                let sharing = load(conn).await?;
                pin(conn, &sharing, org, at).await?;
                audit::append(conn, entry).await?;
                decide(conn, at).await?;
                Ok(Confirmation::Done)
            })
        })
        .await
    }

    /// Sets what everyone sees of organisations that confirm from now on; those that have confirmed more show no more than this.
    pub async fn set_sharing_defaults(&self, levels: ByClass<Level>, at: Timestamp) -> Result<(), StoreError> {
        let actor = self.actor;
        let entry = Entry { at, actor, action: Action::SharingDefaultsSet, org: None, object: "sharing defaults".into(), detail: said(levels)? };
        self.write(move |conn| {
            Box::pin(async move {
                put_defaults(conn, levels).await?;
                audit::append(conn, entry).await?;
                decide(conn, at).await
            })
        })
        .await
    }
}

/// Makes what everyone would see of an organisation what everyone sees, but no more than the default where its own rule shows more: without the rule the
/// default is what was confirmed. `sharing` is what stands; [`decide`] must follow.
pub(super) async fn pin(conn: &mut Conn, sharing: &Sharing, org: OrgId, at: Timestamp) -> Result<(), StoreError> {
    const CONFIRM: &str = "UPDATE organisations SET sharing_confirmed_at = $2 WHERE id = $1 AND sharing_confirmed_at IS NULL";
    const PIN: &str = "INSERT INTO sharing_pins (org_id, class, level) VALUES ($1, $2, $3) ON CONFLICT (org_id, class) DO NOTHING";
    for class in DataClass::ALL {
        let level = sharing.for_everyone(org, class).min(sharing.default_of(class)).code();
        execute!(conn, c => sqlx::query(PIN).bind(org.0).bind(class.name()).bind(level).execute(&mut *c).await)?;
    }
    execute!(conn, c => sqlx::query(CONFIRM).bind(org.0).bind(at.0).execute(&mut *c).await)?;
    Ok(())
}

/// Sets the alliance's defaults, and narrows what organisations confirmed where it shows more; [`decide`] must follow. Nothing here ever shows anybody more of
/// an organisation that has confirmed: to widen, it sets a rule.
pub(super) async fn put_defaults(conn: &mut Conn, levels: ByClass<Level>) -> Result<(), StoreError> {
    const SET: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    const NARROW: &str = "UPDATE sharing_pins SET level = $2 WHERE class = $1 AND level > $2";
    let text = serde_json::to_string(&levels).map_err(|e| StoreError::Internal(e.to_string()))?;
    execute!(conn, c => sqlx::query(SET).bind(DEFAULTS).bind(text).execute(&mut *c).await)?;
    for (class, level) in &levels {
        execute!(conn, c => sqlx::query(NARROW).bind(class.name()).bind(level.code()).execute(&mut *c).await)?;
    }
    Ok(())
}
