//! `/admin/users`, `/admin/keys`

use super::{Looking, Viewing, from_store, words};
use app::api::Answer;
use domain::{DAY, view::*};
use store::{AccountChange, AccountProposal, KeyRecord, PersonRecord};

/// How long what became of the hub's auditors is told.
const NEWS: i64 = 30 * DAY;

/// The people of the viewer's own organisation.
///
/// # Errors
/// When the database cannot be read.
pub async fn people(viewing: &Viewing, l: &Looking) -> Answer<People> {
    let org = l.board.org(l.viewer.org).ok_or(Refusal::NotFound)?;
    let rows = l.app.store.hub().people(Some(l.viewer.org)).await.map_err(from_store(l.now))?;
    let row = |p: PersonRecord| {
        let state = match (p.disabled, p.joined) {
            (true, _) => PersonState::Disabled,
            (false, true) => PersonState::Active,
            (false, false) => PersonState::Invited,
        };
        PersonRow { id: p.id, name: p.name, email: p.email, role: p.role, state, last_signed_in_at: p.last_signed_in_at }
    };
    let (may_change, me) = (l.viewer.role.manages_users(), viewing.who.as_ref().map(|who| who.user.id));
    let sole_admin = match me {
        Some(me) if may_change => l.app.store.hub().is_sole_admin(l.viewer.org, me, l.now).await.map_err(from_store(l.now))?,
        _ => false,
    };
    let rows: Vec<PersonRow> = rows.into_iter().map(row).collect();
    Ok(People {
        org: words::org_ref(org),
        may_change,
        link: viewing.once.as_ref().map(|token| format!("{}/welcome/{token}", viewing.base_url)),
        sole_admin,
        waiting: if may_change { waiting(l, me, &rows).await? } else { vec![] },
        rows,
        auditors: if may_change { auditors(l).await? } else { vec![] },
    })
}

/// The changes of accounts that wait for a second administrator.
async fn waiting(l: &Looking, me: Option<i64>, people: &[PersonRow]) -> Answer<Vec<WaitingAccount>> {
    let rows = l.app.store.hub().account_proposals(l.viewer.org, l.now).await.map_err(from_store(l.now))?;
    let now = |user: i64| people.iter().find(|p| p.id == user).map(|p| (p.role, p.state));
    let row = |p: AccountProposal| {
        let (change, role, now) = match p.change {
            AccountChange::Invite { role, .. } => (AccountChangeKind::Invite, Some(role), None),
            AccountChange::Link { user } => (AccountChangeKind::Link, None, now(user)),
            AccountChange::Role { user, role } => (AccountChangeKind::Role, Some(role), now(user)),
            AccountChange::Enable { user } => (AccountChangeKind::Enable, None, now(user)),
            AccountChange::Disable { user } => (AccountChangeKind::Disable, None, now(user)),
        };
        let (name, email) = p.whom;
        WaitingAccount { id: p.id, change, name, email, role, now, own: Some(p.by.0) == me, by: p.by.1, expires_at: p.expires_at }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What became of the hub's auditors within the last weeks, told to every organisation's administrators.
async fn auditors(l: &Looking) -> Answer<Vec<AuditorNews>> {
    let rows = l.app.store.hub().auditor_news(l.now.plus(-NEWS)).await.map_err(from_store(l.now))?;
    let news = |(org, removed, operator, at)| AuditorNews { at, org: l.board.org(org).map(|o| words::org_ref(o)), removed, operator };
    Ok(rows.into_iter().map(news).collect())
}

/// The API keys of the viewer's own organisation.
///
/// # Errors
/// When the database cannot be read.
pub async fn keys(viewing: &Viewing, l: &Looking) -> Answer<Keys> {
    let org = l.board.org(l.viewer.org).ok_or(Refusal::NotFound)?;
    let may_change = l.viewer.role.manages_keys();
    let keys = if may_change { l.app.store.hub().keys(org.info.id).await.map_err(from_store(l.now))? } else { vec![] };
    Ok(Keys { org: words::org_ref(org), may_change, new_key: viewing.once.clone(), keys: keys.into_iter().map(key_row).collect(), now: l.now })
}

/// A key, without its secret.
pub(super) fn key_row(k: KeyRecord) -> KeyRow {
    KeyRow {
        name: k.name,
        hint: k.hint,
        scopes: k.scopes.split_whitespace().map(str::to_owned).collect(),
        addresses: k.addresses,
        created_at: k.created_at,
        expires_at: k.expires_at,
        last_used_at: k.last_used_at,
        revoked: k.revoked_at.is_some(),
    }
}
