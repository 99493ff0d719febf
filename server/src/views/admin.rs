//! `/admin/users`, `/admin/keys`, `/admin/audit`

use super::{Looking, Viewing, from_store, words};
use crate::auth::opaque::Opaque;
use app::api::Answer;
use domain::{DAY, OrgId, Timestamp, query::PageQuery, timestamp::duration, view::*};
use serde_json::Value;
use std::collections::HashMap;
use store::{
    AccountChange, AccountProposal, Group, KeyRecord, PersonRecord,
    audit::{AuditFilter, AuditRow},
};

/// Rows of the trail on one page.
const ROWS: usize = 50;
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
    let role_of = |user: i64| people.iter().find(|p| p.id == user).map(|p| p.role);
    let row = |p: AccountProposal| {
        let (change, role, now) = match p.change {
            AccountChange::Invite { role, .. } => (AccountChangeKind::Invite, Some(role), None),
            AccountChange::Link { user } => (AccountChangeKind::Link, None, role_of(user)),
            AccountChange::Role { user, role } => (AccountChangeKind::Role, Some(role), role_of(user)),
            AccountChange::Enable { user } => (AccountChangeKind::Enable, None, role_of(user)),
            AccountChange::Disable { user } => (AccountChangeKind::Disable, None, role_of(user)),
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

/// What a query asks of the trail.
///
/// # Errors
/// [`Refusal::NotAllowed`] where the viewer's role reads no trail; [`Refusal::NotFound`] for an organisation that is absent.
pub fn audit_filter(l: &Looking, q: &PageQuery) -> Answer<AuditFilter> {
    if !l.viewer.role.reads_audit() {
        return Err(Refusal::NotAllowed);
    }
    let org = if q.org.is_empty() { None } else { Some(l.board.by_slug(&q.org).ok_or(Refusal::NotFound)?.info.id) };
    Ok(AuditFilter { org, action: q.kind.clone(), words: q.q.clone(), before: places(l).read_number(l.viewer.org, &q.cursor) })
}

/// Rows' numbers count everybody's, so where a page of the trail ends leaves the hub as a text that nobody can read.
fn places(l: &Looking) -> Opaque {
    Opaque::new(&l.app.seal, "rows of the audit trail")
}

/// The audit trail.
///
/// # Errors
/// As [`audit_filter`]; and when the database cannot be read.
pub async fn audit(l: &Looking, q: &PageQuery) -> Answer<AuditTrail> {
    let (filter, fault) = (audit_filter(l, q)?, from_store(l.now));
    let whole = l.viewer.role.reads_all_audit();
    let rows = l.reads().audit(&filter, ROWS + 1).await.map_err(&fault)?;
    let next = rows.get(ROWS - 1).filter(|_| rows.len() > ROWS).map(|row| places(l).write_number(l.viewer.org, row.no));
    // Other organisations' people are known by their organisation only, except to auditors.
    let people = l.app.store.hub().people((!whole).then_some(l.viewer.org)).await.map_err(&fault)?;
    // And groups by those who are in them.
    let groups = l.app.store.hub().groups().await.map_err(&fault)?;
    let mine = |g: &Group| whole || g.owner == l.viewer.org || g.members.iter().any(|(member, _)| *member == l.viewer.org);
    let names =
        Names { people: people.into_iter().map(|p| (p.id, p.name)).collect(), groups: groups.into_iter().filter(mine).map(|g| (g.id.0, g.name)).collect() };
    Ok(AuditTrail {
        as_of: l.now,
        whole,
        orgs: if whole { l.board.orgs().map(|o| words::org_ref(o)).collect() } else { vec![] },
        rows: rows.into_iter().take(ROWS).map(|row| line(l, &names, row)).collect(),
        next,
        checkpoint: l.app.audit.newest().map(|c| Timestamp::parse(&c.at).map_or(c.at, Timestamp::human_to_the_second)),
    })
}

/// Those whose names stand in rows by number.
struct Names {
    people: HashMap<i64, String>,
    groups: HashMap<i64, String>,
}

impl Names {
    fn person(&self, id: i64) -> String {
        self.people.get(&id).cloned().unwrap_or_else(|| "somebody".to_owned())
    }
}

fn org_name(l: &Looking, id: i64) -> String {
    l.board.org(OrgId(id)).map_or_else(|| "an organisation".to_owned(), |o| o.info.name.clone())
}

fn line(l: &Looking, names: &Names, row: AuditRow) -> AuditLine {
    let org = |id: OrgId| l.board.org(id).map(|o| words::org_ref(o));
    let of = row.actor.org.and_then(org).map(|o| o.name);
    let actor = match (row.actor.user, of) {
        (Some(id), of) => match (names.people.get(&id), of) {
            (Some(name), _) => name.clone(),
            (None, Some(of)) => format!("somebody of {of}"),
            (None, None) => "somebody".to_owned(),
        },
        (None, Some(of)) => format!("a machine of {of}"),
        (None, None) => "the hub".to_owned(),
    };
    // Where it speaks of somebody or something by number, the name, for those who may know it.
    let named = |what: &str, names: &HashMap<i64, String>| names.get(&row.object.strip_prefix(what)?.parse().ok()?).cloned();
    let object = named("user ", &names.people)
        .or_else(|| named("group ", &names.groups).map(|name| format!("group “{name}”")))
        .or_else(|| row.object.strip_prefix("user ").map(|_| "somebody".to_owned()))
        .or_else(|| row.object.strip_prefix("group ").map(|_| "a group that is gone".to_owned()))
        .unwrap_or_else(|| row.object.clone());
    let no = l.viewer.role.reads_all_audit().then_some(row.no);
    AuditLine { no, at: row.at, actor, org: row.org.and_then(org), action: row.action, object, detail: pairs(l, names, &row.detail) }
}

/// A row's detail as a reader takes it in: moments, spans and ids in words.
fn pairs(l: &Looking, names: &Names, detail: &str) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str(detail) else { return detail.to_owned() };
    let shown = fields.iter().filter(|(_, v)| !v.is_null() && v.as_str() != Some(""));
    let pair = |(name, value): (&String, &Value)| {
        let (name, value) = match (name.as_str(), value.as_i64()) {
            (name, Some(micros)) if name.ends_with("_us") => (name.trim_end_matches("_us"), duration(micros)),
            (name @ ("invited" | "to"), Some(org)) => (name, org_name(l, org)),
            (name @ ("proposed_by" | "user"), Some(user)) => (name, names.person(user)),
            (name, _) => (name, in_words(value)),
        };
        format!("{}: {value}", name.replace('_', " "))
    };
    shown.map(pair).collect::<Vec<_>>().join(" · ")
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => match Timestamp::parse(text) {
            Ok(at) if text.contains('T') => at.human_to_the_second(),
            _ => text.clone(),
        },
        Value::Array(all) => all.iter().map(in_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
