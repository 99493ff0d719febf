//! Who stands behind whom, and so who may be the second person of a change.
//!
//! A second administrator protects only where the first one cannot be both. Whoever makes, promotes, enables, re-links or resets an account could be the
//! one who uses it, and so could whoever agreed to that. Each such [`Act`] is kept, and for [`RECENT`] no two accounts agree to each other's changes
//! behind which the same person may stand.

use super::{Hub, proposals::LIFE};
use crate::{
    StoreError,
    audit::{self, Actor, AuditRow, audit_columns},
    db::{Conn, execute, on_conn, read},
};
use domain::{DAY, OrgId, Role, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// How long an act binds those who did it, in microseconds.
pub(super) const RECENT: i64 = 7 * DAY;
/// How long a change waits that an organisation's only administrator agrees to alone, in microseconds.
pub(super) const SOLE_WAIT: i64 = DAY;

/// Something done to an account by others than its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Made,
    /// To a role that may agree to changes.
    Promoted,
    /// A one-time link was made.
    Linked,
    /// It was used. Who made it may have used it.
    LetIn,
    /// The second factors were taken away.
    Reset,
    Enabled,
    /// An administrator who could sign in is none any more, or may not.
    Removed,
    /// An auditor of the hub may not sign in any more, or has another role.
    AuditorRemoved,
    /// An auditor of the hub was let in again, or somebody became one.
    AuditorBack,
}

impl Act {
    /// The word of the database.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Promoted => "promoted",
            Self::Linked => "linked",
            Self::LetIn => "let_in",
            Self::Reset => "reset",
            Self::Enabled => "enabled",
            Self::Removed => "removed",
            Self::AuditorRemoved => "auditor_removed",
            Self::AuditorBack => "auditor_back",
        }
    }
}

/// Who did something: one person, with another one where it took two. Nobody is the hub's operator, on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Doers {
    pub by: Option<i64>,
    pub second: Option<i64>,
}

impl Doers {
    /// The detail of a row of the trail, with who proposed what the row's actor agreed to.
    pub(super) fn named_in(self, mut detail: Value) -> Value {
        if let Some(proposer) = self.second.and(self.by) {
            detail["proposed_by"] = proposer.into();
        }
        detail
    }
}

impl From<Actor> for Doers {
    fn from(actor: Actor) -> Self {
        Self { by: actor.user, second: None }
    }
}

/// The acts whose doer may be the one who uses the account. They are also named in [`Approval::Related`](super::proposals::Approval::Related) and, for
/// people, in `RELATED` (`app/src/components/second_person.rs`).
macro_rules! binding {
    () => {
        "('made', 'promoted', 'linked', 'let_in', 'reset', 'enabled')"
    };
}

/// Keeps an act, in the transaction that does it.
pub(super) async fn record(conn: &mut Conn, act: Act, user: i64, doers: Doers, at: Timestamp) -> Result<(), StoreError> {
    const RECORD: &str = "INSERT INTO account_acts (user_id, act, by_user, at) VALUES ($1, $2, $3, $4)";
    for by in [Some(doers.by), doers.second.map(Some)].into_iter().flatten() {
        execute!(conn, c => sqlx::query(RECORD).bind(user).bind(act.name()).bind(by).bind(at.0).execute(&mut *c).await)?;
    }
    Ok(())
}

/// As [`record`], for an account that lost its second factors: who was let in before may be let in anew, so what binds them begins again.
pub(super) async fn record_reset(conn: &mut Conn, user: i64, doers: Doers, at: Timestamp) -> Result<(), StoreError> {
    const AGAIN: &str = concat!(
        "INSERT INTO account_acts (user_id, act, by_user, at) SELECT DISTINCT user_id, 'reset', by_user, CAST($2 AS BIGINT) FROM account_acts \
         WHERE user_id = $1 AND by_user IS NOT NULL AND at > $3 AND act IN ",
        binding!()
    );
    execute!(conn, c => sqlx::query(AGAIN).bind(user).bind(at.0).bind(at.0 - RECENT).execute(&mut *c).await)?;
    record(conn, Act::Reset, user, doers, at).await
}

/// Tells the owner of an account that somebody else changed it.
pub(super) async fn tell(conn: &mut Conn, user: i64, doers: Doers, at: Timestamp) -> Result<(), StoreError> {
    const TELL: &str = "UPDATE users SET changed_at = $2 WHERE id = $1";
    if doers.by != Some(user) || doers.second.is_some() {
        execute!(conn, c => sqlx::query(TELL).bind(user).bind(at.0).execute(&mut *c).await)?;
    }
    Ok(())
}

/// Whether an administrator of an organisation may agree to what another one proposed. Not where the same person may stand behind both: behind an
/// account stand its owner, those who lately made, promoted, re-linked, reset or enabled it, and those who stand behind these.
pub(super) async fn may_approve(conn: &mut Conn, org: OrgId, proposer: i64, approver: i64, at: Timestamp) -> Result<bool, StoreError> {
    const BOTH: &str = "SELECT count(*) FROM users WHERE (id = $1 OR id = $2) AND org_id = $3 AND role = 'org_admin' AND disabled_at IS NULL";
    const BEHIND_BOTH: &str = concat!(
        "WITH RECURSIVE behind_one (id) AS (SELECT CAST($1 AS BIGINT) UNION \
         SELECT a.by_user FROM account_acts a JOIN behind_one b ON b.id = a.user_id WHERE a.at > $3 AND a.by_user IS NOT NULL \
         AND a.act IN ",
        binding!(),
        "), behind_other (id) AS (SELECT CAST($2 AS BIGINT) UNION \
         SELECT a.by_user FROM account_acts a JOIN behind_other b ON b.id = a.user_id WHERE a.at > $3 AND a.by_user IS NOT NULL \
         AND a.act IN ",
        binding!(),
        ") SELECT count(*) FROM behind_one o JOIN behind_other t ON t.id = o.id"
    );
    if proposer == approver {
        return Ok(false);
    }
    let both: i64 = on_conn!(conn, c => sqlx::query_scalar(BOTH).bind(proposer).bind(approver).bind(org.0).fetch_one(&mut *c).await)?;
    if both != 2 {
        return Ok(false);
    }
    let shared: i64 = on_conn!(conn, c => sqlx::query_scalar(BEHIND_BOTH).bind(proposer).bind(approver).bind(at.0 - RECENT).fetch_one(&mut *c).await)?;
    Ok(shared == 0)
}

/// How many other people of an organisation could be the second person beside `besides`: administrators who can sign in, or whom the operator has
/// just given a one-time link; and those whom somebody else of the organisation lately kept from it, so that nobody becomes the only administrator by
/// removing the others, or by coming first.
pub(super) async fn other_admins(conn: &mut Conn, org: OrgId, besides: i64, at: Timestamp) -> Result<i64, StoreError> {
    let counted = on_conn!(conn, c => sqlx::query_scalar(OTHERS).bind(org.0).bind(besides).bind(at.0 - RECENT).bind(at.0).fetch_one(&mut *c).await);
    counted.map_err(Into::into)
}

const OTHERS: &str = "SELECT count(*) FROM users u WHERE u.org_id = $1 AND u.id <> $2 AND ((u.role = 'org_admin' AND u.disabled_at IS NULL \
     AND (u.password_hash IS NOT NULL OR (u.org_id, u.id) IN (SELECT org_id, user_id FROM oidc_identities) OR EXISTS (SELECT 1 FROM signin_links l WHERE l.user_id = u.id \
     AND l.by_user IS NULL AND l.expires_at > $4))) OR EXISTS (SELECT 1 FROM account_acts a \
     WHERE a.user_id = u.id AND a.act = 'removed' AND a.by_user <> u.id AND a.at > $3))";

/// Since when the others of an organisation are gone who could have been the second person beside `besides`: those whom their own organisation removed
/// count until [`RECENT`] later, those who never used the operator's link until its end.
const ALONE_SINCE: &str = "SELECT max(gone.at) FROM (SELECT CASE WHEN a.by_user <> a.user_id THEN a.at + $3 ELSE a.at END AS at FROM account_acts a \
     JOIN users u ON u.id = a.user_id WHERE u.org_id = $1 AND u.id <> $2 AND a.act = 'removed' UNION ALL SELECT l.expires_at FROM signin_links l \
     JOIN users u ON u.id = l.user_id WHERE u.org_id = $1 AND u.id <> $2 AND u.role = 'org_admin' AND u.disabled_at IS NULL AND l.by_user IS NULL) gone";

/// Takes a person's one-time links away. Of an administrator who has never signed in it is kept until when the operator's could be used: until then there was
/// somebody who could be the second person.
pub(super) async fn drop_links(conn: &mut Conn, user: i64, role: Role, at: Timestamp) -> Result<(), StoreError> {
    const DROP: &str = "DELETE FROM signin_links WHERE user_id = $1 RETURNING by_user, expires_at";
    const JOINED: &str =
        "SELECT count(*) FROM users WHERE id = $1 AND (password_hash IS NOT NULL OR (org_id, id) IN (SELECT org_id, user_id FROM oidc_identities))";
    let dropped: Vec<(Option<i64>, i64)> = on_conn!(conn, c => sqlx::query_as(DROP).bind(user).fetch_all(&mut *c).await)?;
    for (_, expires_at) in dropped.into_iter().filter(|(by, _)| by.is_none() && role.agrees_to_changes()) {
        let joined: i64 = on_conn!(conn, c => sqlx::query_scalar(JOINED).bind(user).fetch_one(&mut *c).await)?;
        if joined == 0 {
            record(conn, Act::Removed, user, Doers::default(), Timestamp(expires_at.min(at.0))).await?;
        }
    }
    Ok(())
}

/// Whether somebody takes back that they themselves disabled an account, to which nobody got a way in meanwhile: by that they could be its owner no more than before.
pub(super) async fn undoes(conn: &mut Conn, user: i64, who: Doers, disabled_at: Option<i64>) -> Result<bool, StoreError> {
    const BY: &str = "SELECT id, by_user FROM account_acts WHERE user_id = $1 AND act = 'removed' AND at = $2 ORDER BY id";
    const SINCE: &str = concat!("SELECT count(*) FROM account_acts WHERE user_id = $1 AND id > $2 AND act IN ", binding!());
    let Some(disabled_at) = disabled_at else { return Ok(false) };
    let by: Vec<(i64, Option<i64>)> = on_conn!(conn, c => sqlx::query_as(BY).bind(user).bind(disabled_at).fetch_all(&mut *c).await)?;
    match by.as_slice() {
        [(id, by)] if by.is_some() && *by == who.by && who.second.is_none() => {
            let since: i64 = on_conn!(conn, c => sqlx::query_scalar(SINCE).bind(user).bind(*id).fetch_one(&mut *c).await)?;
            Ok(since == 0)
        }
        _ => Ok(false),
    }
}

/// Who of the organisation lately ended that somebody else was an administrator who could sign in; the last one.
pub(super) async fn lately_removed_by(conn: &mut Conn, user: i64, at: Timestamp) -> Result<Option<i64>, StoreError> {
    const REMOVED: &str = "SELECT by_user FROM account_acts WHERE user_id = $1 AND act = 'removed' AND by_user <> $1 AND at > $2 ORDER BY id DESC LIMIT 1";
    Ok(on_conn!(conn, c => sqlx::query_scalar(REMOVED).bind(user).bind(at.0 - RECENT).fetch_optional(&mut *c).await)?)
}

/// Whether nobody but the hub's operator ever made somebody what they are: invited, promoted, enabled, re-linked or reset them.
pub(super) async fn made_by_operator(conn: &mut Conn, user: i64) -> Result<bool, StoreError> {
    const OPERATOR: &str = concat!(
        "SELECT count(*) FROM account_acts WHERE user_id = $1 AND act = 'made' AND by_user IS NULL AND NOT EXISTS (SELECT 1 FROM account_acts o \
         WHERE o.user_id = $1 AND o.by_user <> $1 AND o.act IN ",
        binding!(),
        ")"
    );
    let n: i64 = on_conn!(conn, c => sqlx::query_scalar(OPERATOR).bind(user).fetch_one(&mut *c).await)?;
    Ok(n > 0)
}

/// Whether a change may go ahead with somebody's agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    Given,
    /// Who proposed it cannot be the second person while there is another one.
    Own,
    /// The same person may stand behind both.
    Related,
    /// The organisation's only administrator waits for [`SOLE_WAIT`] first.
    TooEarly,
}

/// Whether `approver` may put in force what `proposer` proposed.
pub(super) async fn consent(
    conn: &mut Conn,
    org: OrgId,
    (proposer, proposed_at): (i64, Timestamp),
    approver: i64,
    at: Timestamp,
) -> Result<Consent, StoreError> {
    if proposer != approver {
        return Ok(if may_approve(conn, org, proposer, approver, at).await? { Consent::Given } else { Consent::Related });
    }
    if other_admins(conn, org, approver, at).await? > 0 {
        return Ok(Consent::Own);
    }
    let alone: Option<i64> = on_conn!(conn, c => sqlx::query_scalar(ALONE_SINCE).bind(org.0).bind(approver).bind(RECENT).fetch_one(&mut *c).await)?;
    // Whoever proposes while there is a second one waits from when there is none.
    let from = alone.map_or(proposed_at, |alone| proposed_at.max(Timestamp(alone)));
    Ok(if at.since(from) >= SOLE_WAIT { Consent::Given } else { Consent::TooEarly })
}

impl Hub<'_> {
    /// Whether an administrator is the only one of an organisation who could agree to anything, so that nobody can be the second person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_sole_admin(&self, org: OrgId, user: i64, now: Timestamp) -> Result<bool, StoreError> {
        let others: i64 = read!(self, c => sqlx::query_scalar(OTHERS).bind(org.0).bind(user).bind(now.0 - RECENT).bind(now.0).fetch_one(c).await)?;
        Ok(others == 0)
    }

    /// The organisations whose only administrator may soon show more of them alone, and from when on: because they have proposed to, or because they are
    /// the only one since somebody of the organisation lately removed the others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sole_widenings(&self, now: Timestamp) -> Result<Vec<(OrgId, Timestamp)>, StoreError> {
        const WAITING: &str = "SELECT p.org_id, p.proposed_by, min(p.expires_at) FROM (SELECT org_id, proposed_by, expires_at FROM sharing_proposals \
             UNION ALL SELECT org_id, proposed_by, expires_at FROM group_proposals UNION ALL SELECT org_id, confirmed_by, expires_at FROM sharing_confirmations) p \
             JOIN users u ON u.org_id = p.org_id AND u.id = p.proposed_by WHERE p.expires_at > $1 AND u.role = 'org_admin' AND u.disabled_at IS NULL \
             AND NOT EXISTS (SELECT 1 FROM users o WHERE o.org_id = p.org_id AND o.id <> p.proposed_by AND o.role = 'org_admin' AND o.disabled_at IS NULL \
             AND (o.password_hash IS NOT NULL OR (o.org_id, o.id) IN (SELECT org_id, user_id FROM oidc_identities) OR EXISTS (SELECT 1 FROM signin_links l WHERE l.user_id = o.id \
             AND l.by_user IS NULL AND l.expires_at > $1))) GROUP BY p.org_id, p.proposed_by ORDER BY p.org_id";
        const LEFT: &str = "SELECT u.org_id, min(u.id) FROM users u WHERE u.role = 'org_admin' AND u.disabled_at IS NULL \
             AND (u.password_hash IS NOT NULL OR (u.org_id, u.id) IN (SELECT org_id, user_id FROM oidc_identities)) AND u.org_id IN (SELECT r.org_id FROM account_acts a \
             JOIN users r ON r.id = a.user_id WHERE a.act = 'removed' AND a.by_user <> a.user_id AND a.at > $1) GROUP BY u.org_id HAVING count(*) = 1";
        let waiting: Vec<(i64, i64, i64)> = read!(self, c => sqlx::query_as(WAITING).bind(now.0).fetch_all(c).await)?;
        let left: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(LEFT).bind(now.0 - RECENT).fetch_all(c).await)?;
        let since = waiting.into_iter().map(|(org, by, expires)| (org, by, expires - LIFE)).chain(left.into_iter().map(|(org, by)| (org, by, 0)));
        let mut sole: BTreeMap<OrgId, Timestamp> = BTreeMap::new();
        for (org, by, proposed) in since {
            let alone: Option<i64> = read!(self, c => sqlx::query_scalar(ALONE_SINCE).bind(org).bind(by).bind(RECENT).fetch_one(c).await)?;
            let from = Timestamp(alone.unwrap_or(0).max(proposed)).plus(SOLE_WAIT);
            let earliest = sole.entry(OrgId(org)).or_insert(from);
            *earliest = from.min(*earliest);
        }
        Ok(sole.into_iter().collect())
    }

    /// What became of auditors after a moment, the newest first: the organisation whose person it is, whether the hub lost the auditor, whether the
    /// operator did it, and when.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn auditor_news(&self, after: Timestamp) -> Result<Vec<(OrgId, bool, bool, Timestamp)>, StoreError> {
        const NEWS: &str = "SELECT u.org_id, a.act = 'auditor_removed', min(coalesce(a.by_user, 0)) = 0, a.at FROM account_acts a JOIN users u ON u.id = a.user_id \
             WHERE a.act IN ('auditor_removed', 'auditor_back') AND a.at > $1 GROUP BY u.org_id, a.user_id, a.act, a.at ORDER BY a.at DESC LIMIT 10";
        let rows: Vec<(i64, bool, bool, i64)> = read!(self, c => sqlx::query_as(NEWS).bind(after.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(org, removed, operator, at)| (OrgId(org), removed, operator, Timestamp(at))).collect())
    }

    /// What was changed of a person's account, by themselves and by others, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_changes(&self, user: i64, most: i64) -> Result<Vec<AuditRow>, StoreError> {
        const CHANGES: &str = concat!(
            "SELECT ",
            audit_columns!(),
            " FROM audit WHERE object = $1 AND (action IN ('user.added', 'user.role_set', 'user.disabled', 'user.enabled', 'user.proposed', 'user.proposal_dropped', 'link.made', 'password.set', 'factor.set', 'factor.removed', \
             'passkey.added', 'passkey.removed', 'passkey.cloned', 'factor.recovery_codes_made', 'factor.recovery_code_used', 'oidc.linked', 'oidc.unlinked') \
             OR (action = 'session.ended' AND detail LIKE '%sessions%')) ORDER BY no DESC LIMIT $2"
        );
        let rows: Vec<audit::RawRow> = read!(self, c => sqlx::query_as(CHANGES).bind(audit::person(user)).bind(most).fetch_all(c).await)?;
        rows.into_iter().map(audit::row).collect()
    }

    /// The owner of an account has seen what others changed of it until `seen`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn saw_changes(&self, user: i64, seen: Option<Timestamp>) -> Result<(), StoreError> {
        const SEEN: &str = "UPDATE users SET changed_at = NULL WHERE id = $1 AND changed_at <= $2";
        let Some(seen) = seen else { return Ok(()) };
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(SEEN).bind(user).bind(seen.0).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }
}
