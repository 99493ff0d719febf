//! `/admin/audit`: the trail in words, as far as its reader may know whom it is about, and what is looked for in it.

use super::{Looking, from_store, words};
use crate::auth::opaque::Opaque;
use app::api::Answer;
use domain::{DataClass, OrgId, Timestamp, query::PageQuery, timestamp::duration, view::*};
use serde_json::Value;
use std::collections::HashMap;
use store::{
    Group, Search, Spellings,
    audit::{AuditFilter, AuditRow, CHUNK},
};

/// Rows on one page.
const ROWS: usize = 50;
/// Rows that are looked at for one page; the next page goes on behind them.
const LOOKED_AT: usize = 50_000;

/// The rows that a query asks for, newest first, a part at a time.
pub(crate) struct Trail {
    l: Looking,
    filter: AuditFilter,
    /// What a row must say. It is compared with the row as its reader is shown it: rows name people and groups by number, so the database finds no name in
    /// them; and nobody finds by a name what they are not shown under it.
    words: Search,
    names: Names,
    ended: bool,
}

impl Trail {
    /// # Errors
    /// [`Refusal::NotAllowed`] where the viewer's role reads no trail; [`Refusal::NotFound`] for an organisation that is absent; and when the database cannot be
    /// read.
    pub(crate) async fn of(l: &Looking, q: &PageQuery) -> Answer<Self> {
        if !l.viewer.role.reads_audit() {
            return Err(Refusal::NotAllowed);
        }
        let org = if q.org.is_empty() { None } else { Some(l.board.by_slug(&q.org).ok_or(Refusal::NotFound)?.info.id) };
        let filter = AuditFilter { org, action: q.kind.clone(), before: places(l).read_number(l.viewer.org, &q.cursor) };
        let typed: String = q.q.chars().take(200).collect();
        Ok(Self { l: l.clone(), filter, words: Search::new(&typed, |_| Spellings::default(), []), names: Names::of(l).await?, ended: false })
    }

    /// The next rows, at most `most`; fewer where so many as are looked at once have no more.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn read(&mut self, most: usize) -> Answer<Vec<(AuditRow, AuditLine)>> {
        let (mut found, mut looked_at) = (vec![], 0);
        while found.len() < most && looked_at < LOOKED_AT && !self.ended {
            let wanted = if self.words.is_empty() { (most - found.len()).min(CHUNK) } else { CHUNK };
            let chunk = self.l.reads().audit(&self.filter, wanted).await.map_err(from_store(self.l.now))?;
            self.ended = chunk.len() < wanted;
            looked_at += chunk.len();
            for row in chunk {
                if found.len() == most {
                    self.ended = false;
                    break;
                }
                self.filter.before = Some(row.no);
                let line = line(&self.l, &self.names, &row);
                if self.finds(&row, &line) {
                    found.push((row, line));
                }
            }
        }
        Ok(found)
    }

    /// Whether there is nothing older.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    fn finds(&self, row: &AuditRow, line: &AuditLine) -> bool {
        // Only who reads all of it is shown whom a row concerns.
        let concerns = line.org.as_ref().filter(|_| line.no.is_some()).map_or("", |org| &org.name);
        self.words.is_empty() || self.words.finds(&[&line.actor, &line.object, &row.object, concerns, &line.detail].join("\n"))
    }
}

/// Rows' numbers count everybody's, so where a page of the trail ends leaves the hub as a text that nobody can read.
fn places(l: &Looking) -> Opaque {
    Opaque::new(&l.app.seal, "rows of the audit trail")
}

/// The audit trail.
///
/// # Errors
/// As [`Trail::of`].
pub async fn audit(l: &Looking, q: &PageQuery) -> Answer<AuditTrail> {
    let mut trail = Trail::of(l, q).await?;
    let mut rows = trail.read(ROWS + 1).await?;
    let last = if rows.len() > ROWS { Some(rows[ROWS - 1].0.no) } else { trail.filter.before.filter(|_| !trail.ended) };
    rows.truncate(ROWS);
    let whole = l.viewer.role.reads_all_audit();
    Ok(AuditTrail {
        as_of: l.now,
        whole,
        orgs: if whole { l.board.orgs().map(|o| words::org_ref(o)).collect() } else { vec![] },
        rows: rows.into_iter().map(|(_, line)| line).collect(),
        next: last.map(|no| places(l).write_number(l.viewer.org, no)),
        checkpoint: l.app.audit.newest().map(|c| Timestamp::parse(&c.at).map_or(c.at, Timestamp::human_to_the_second)),
    })
}

/// Those whose names stand in rows by number.
struct Names {
    people: HashMap<i64, String>,
    groups: HashMap<i64, String>,
}

impl Names {
    async fn of(l: &Looking) -> Answer<Self> {
        let (hub, fault, whole) = (l.app.store.hub(), from_store(l.now), l.viewer.role.reads_all_audit());
        // Other organisations' people are known by their organisation only, except to auditors.
        let people = hub.people((!whole).then_some(l.viewer.org)).await.map_err(&fault)?;
        // And groups by those who are in them.
        let groups = hub.groups().await.map_err(&fault)?;
        let mine = |g: &Group| whole || g.owner == l.viewer.org || g.members.iter().any(|(member, _)| *member == l.viewer.org);
        Ok(Self { people: people.into_iter().map(|p| (p.id, p.name)).collect(), groups: groups.into_iter().filter(mine).map(|g| (g.id.0, g.name)).collect() })
    }

    fn person(&self, id: i64) -> String {
        self.people.get(&id).cloned().unwrap_or_else(|| "somebody".to_owned())
    }

    fn group(&self, id: i64) -> String {
        self.groups.get(&id).map_or_else(|| "a group that is gone".to_owned(), |name| format!("group “{name}”"))
    }
}

fn org_name(l: &Looking, id: i64) -> String {
    l.board.org(OrgId(id)).map_or_else(|| "an organisation".to_owned(), |o| o.info.name.clone())
}

fn line(l: &Looking, names: &Names, row: &AuditRow) -> AuditLine {
    let no = l.viewer.role.reads_all_audit().then_some(row.no);
    if row.erased {
        let (actor, action, object) = ("unknown".to_owned(), "erased".to_owned(), "The contents of this row were erased.".to_owned());
        return AuditLine { no, at: row.at, actor, org: None, action, object, detail: String::new() };
    }
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
    let (object, detail) = (object(l, names, &row.object), pairs(l, names, &row.detail));
    AuditLine { no, at: row.at, actor, org: row.org.and_then(org), action: row.action.clone(), object, detail }
}

/// What a row is about. Where it speaks of somebody or something by number, the name, for those who may know it.
fn object(l: &Looking, names: &Names, object: &str) -> String {
    let numbered = object.rsplit_once(' ').and_then(|(what, id)| Some((what, id.parse::<i64>().ok()?)));
    let Some((what, id)) = numbered else { return object.to_owned() };
    // A rule is "posture for group 3".
    let (before, kind) = what.rsplit_once(' ').map_or(("", what), |(before, kind)| (before, kind));
    let rule = before.strip_suffix(" for").is_some_and(|class| class.parse::<DataClass>().is_ok());
    match kind {
        "user" if before.is_empty() => names.person(id),
        "group" if before.is_empty() => names.group(id),
        "group" if rule => format!("{before} {}", names.group(id)),
        "organisation" if rule => format!("{before} {}", org_name(l, id)),
        // Added and renamed ones stand there by their slug, which may be a number, too.
        "organisation" if before.is_empty() && l.board.by_slug(&id.to_string()).is_none() => org_name(l, id),
        _ => object.to_owned(),
    }
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
