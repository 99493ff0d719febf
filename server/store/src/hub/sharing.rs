//! Sharing rules and groups, and what follows from them for each pair of organisations.
//!
//! `withheld` and `peers` hold the decisions of [`Sharing`], written in the transaction that changed a rule, so that every statement and
//! PostgreSQL's row level security go by them.

use super::{Hub, proposals::write_proposal};
use crate::{
    StoreError,
    audit::{self, Action, Actor, Entry},
    db::{Conn, Rows, execute, on_conn, read},
    shown_before::{self, Counting},
};
use domain::{
    ByClass, DataClass, Level, OrgId, Sharing, Timestamp,
    sharing::{ALWAYS, Audience, GroupId, Rule},
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The names among the settings of the alliance.
pub(super) const DEFAULTS: &str = "sharing_defaults";
const VERSION: &str = "sharing_version";

const META: &str = "SELECT value FROM meta WHERE key = $1";
const ORGS: &str = "SELECT id FROM organisations";
const RULES: &str = "SELECT org_id, class, audience, audience_id, level FROM sharing_rules";
/// Which organisations have confirmed what they share, and what that was; a row for each class.
const CONFIRMED: &str = "SELECT o.id, o.sharing_confirmed_at IS NOT NULL, p.class, p.level FROM organisations o LEFT JOIN sharing_pins p ON p.org_id = o.id";
const SUSPENDED: &str = "SELECT id FROM organisations WHERE suspended_at IS NOT NULL";
/// Since when a group shows each member what others hand in: where it keeps earlier data from new members, since it joined.
const MEMBERS: &str = "SELECT m.group_id, m.org_id, CASE WHEN g.earlier THEN 0 ELSE m.joined_at END FROM sharing_group_members m \
                       JOIN sharing_groups g ON g.id = m.group_id WHERE m.joined_at IS NOT NULL";

type RuleSql = (i64, String, String, i64, String);
/// Organisation, whether it has confirmed, class and level.
type ConfirmedSql = (i64, bool, Option<String>, Option<i64>);

pub(super) fn bad(what: &str) -> StoreError {
    StoreError::Internal(format!("sharing rules: {what}"))
}

fn made(
    version: Option<String>,
    defaults: Option<String>,
    rules: Vec<RuleSql>,
    members: Vec<(i64, i64, i64)>,
    confirmed: Vec<ConfirmedSql>,
    suspended: Vec<i64>,
) -> Result<Sharing, StoreError> {
    let version = version.map_or(Ok(0), |text| text.parse()).map_err(|_| bad(VERSION))?;
    let defaults = read_defaults(defaults)?;
    let rules: Result<Vec<Rule>, StoreError> = rules
        .into_iter()
        .map(|(owner, class, audience, id, level)| {
            let audience = read_audience(&audience, id)?;
            Ok(Rule {
                owner: OrgId(owner),
                class: DataClass::named(&class).map_err(StoreError::Internal)?,
                audience,
                level: level.parse().map_err(|_| bad(&level))?,
            })
        })
        .collect();
    let sharing =
        Sharing::new(version, defaults, rules?, []).only_since(members.into_iter().map(|(group, org, since)| (GroupId(group), OrgId(org), Timestamp(since))));
    // Of a class that an organisation has not confirmed nobody sees anything.
    let mut pins: BTreeMap<OrgId, ByClass<Level>> = BTreeMap::new();
    for (org, _, class, level) in confirmed.iter().filter(|(_, confirmed, ..)| *confirmed) {
        let pins = pins.entry(OrgId(*org)).or_default();
        let level = level.and_then(|level| Level::ALL.into_iter().find(|known| known.code() == level));
        if let (Some(class), Some(level)) = (class, level) {
            pins[DataClass::named(class).map_err(StoreError::Internal)?] = level;
        }
    }
    let unconfirmed = confirmed.iter().filter(|(_, confirmed, ..)| !confirmed).map(|(org, ..)| OrgId(*org));
    Ok(sharing.pinning(pins).without(unconfirmed).suspending(suspended.into_iter().map(OrgId)))
}

/// The levels that the alliance proposes; all in detail where it never decided about them.
fn read_defaults(text: Option<String>) -> Result<ByClass<Level>, StoreError> {
    text.map_or(Ok(ByClass::filled(Level::Detail)), |text| serde_json::from_str(&text)).map_err(|e| bad(&format!("{DEFAULTS}: {e}")))
}

pub(super) fn read_audience(kind: &str, id: i64) -> Result<Audience, StoreError> {
    match kind {
        "everyone" => Ok(Audience::Everyone),
        "group" => Ok(Audience::Group(GroupId(id))),
        "organisation" => Ok(Audience::Organisation(OrgId(id))),
        other => Err(bad(other)),
    }
}

/// The words of the database for an audience: its kind, and its number or 0.
pub(super) fn words(audience: Audience) -> (&'static str, i64) {
    match audience {
        Audience::Everyone => ("everyone", 0),
        Audience::Group(group) => ("group", group.0),
        Audience::Organisation(org) => ("organisation", org.0),
    }
}

impl Hub<'_> {
    /// All rules and memberships.
    ///
    /// # Errors
    /// When the database fails or holds a rule that cannot be read.
    pub async fn sharing(&self) -> Result<Sharing, StoreError> {
        // The version first: a change in between leaves an old one, and is read again.
        let version = self.meta(VERSION).await?;
        let defaults = self.meta(DEFAULTS).await?;
        let rules = read!(self, c => sqlx::query_as(RULES).fetch_all(c).await)?;
        let members = read!(self, c => sqlx::query_as(MEMBERS).fetch_all(c).await)?;
        let confirmed = read!(self, c => sqlx::query_as(CONFIRMED).fetch_all(c).await)?;
        let suspended = read!(self, c => sqlx::query_scalar(SUSPENDED).fetch_all(c).await)?;
        made(version, defaults, rules, members, confirmed, suspended)
    }

    /// Counts the changes of rules and memberships.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sharing_version(&self) -> Result<i64, StoreError> {
        self.meta(VERSION).await?.map_or(Ok(0), |text| text.parse()).map_err(|_| bad(VERSION))
    }

    /// Sets a rule; `None` takes it away, so that the next wider audience's decides. Whoever it shows more, no second person is asked: it is the way of the
    /// hub's own command line; people's is [`Hub::change_rule`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_rule(&self, owner: OrgId, class: DataClass, audience: Audience, level: Option<Level>, at: Timestamp) -> Result<(), StoreError> {
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                write_rule(conn, owner, class, audience, level, at).await?;
                audit::append(conn, rule_entry(Action::SharingRuleSet, actor, owner, class, audience, level, at)).await?;
                decide(conn, at).await
            })
        })
        .await
    }

    /// Sets a rule where that shows nobody more, and else keeps it for a second person, as [`Hub::propose_rule`] does; both by the rules as they are then. Says
    /// whether it waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_rule(
        &self,
        owner: OrgId,
        class: DataClass,
        audience: Audience,
        level: Option<Level>,
        by: i64,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let orgs: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(ORGS).fetch_all(&mut *c).await)?;
                let widens = load(conn).await?.widens(orgs.into_iter().map(OrgId), owner, class, audience, level);
                let action = if widens { Action::SharingRuleProposed } else { Action::SharingRuleSet };
                if widens {
                    write_proposal(conn, owner, class, audience, level, by, at).await?;
                } else {
                    write_rule(conn, owner, class, audience, level, at).await?;
                }
                audit::append(conn, rule_entry(action, actor, owner, class, audience, level, at)).await?;
                if !widens {
                    decide(conn, at).await?;
                }
                Ok(widens)
            })
        })
        .await
    }

    /// The organisations that each one is shown only in totals, and has not been shown by name lately: of those it knows what they would bring in. Indicators
    /// do not age, so there it is never again.
    ///
    /// These count in totals; who counts where it says that unnamed ones reported an indicator, [`Hub::unnamed_reporters`] says.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unnamed(&self, class: DataClass, lately: Timestamp) -> Result<BTreeMap<OrgId, BTreeSet<OrgId>>, StoreError> {
        const UNNAMED: &str =
            "SELECT viewer_id, owner_id FROM withheld WHERE class = $1 AND level = 1 AND (named_until IS NULL OR (class <> 'indicators' AND named_until < $2))";
        Ok(by_viewer(read!(self, c => sqlx::query_as(UNNAMED).bind(class.name()).bind(lately.0).fetch_all(c).await)?))
    }

    /// The organisations of which each one is shown indicators in totals or numbers and never was shown any single one: what they reported it does not know.
    pub async fn unnamed_reporters(&self) -> Result<BTreeMap<OrgId, BTreeSet<OrgId>>, StoreError> {
        const UNNAMED: &str = "SELECT viewer_id, owner_id FROM withheld WHERE class = 'indicators' AND level IN (1, 2) AND detail_until IS NULL";
        Ok(by_viewer(read!(self, c => sqlx::query_as(UNNAMED).fetch_all(c).await)?))
    }
}

/// Owners by who looks.
fn by_viewer(rows: Vec<(i64, i64)>) -> BTreeMap<OrgId, BTreeSet<OrgId>> {
    let mut of: BTreeMap<OrgId, BTreeSet<OrgId>> = BTreeMap::new();
    for (viewer, owner) in rows {
        of.entry(OrgId(viewer)).or_default().insert(OrgId(owner));
    }
    of
}

/// What the trail says of a rule.
pub(super) fn rule_entry(action: Action, actor: Actor, owner: OrgId, class: DataClass, audience: Audience, level: Option<Level>, at: Timestamp) -> Entry {
    let (kind, id) = words(audience);
    let object = if id == 0 { format!("{} for {kind}", class.name()) } else { format!("{} for {kind} {id}", class.name()) };
    Entry { at, actor, action, org: Some(owner), object, detail: json!({ "level": level.map(Level::name) }) }
}

/// Sets or takes away a rule; [`decide`] must follow.
pub(super) async fn write_rule(
    conn: &mut Conn,
    owner: OrgId,
    class: DataClass,
    audience: Audience,
    level: Option<Level>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SET: &str = "INSERT INTO sharing_rules (org_id, class, audience, audience_id, level, set_at) VALUES ($1, $2, $3, $4, $5, $6) \
                       ON CONFLICT (org_id, class, audience, audience_id) DO UPDATE SET level = excluded.level, set_at = excluded.set_at";
    const UNSET: &str = "DELETE FROM sharing_rules WHERE org_id = $1 AND class = $2 AND audience = $3 AND audience_id = $4";
    let (kind, id) = words(audience);
    execute!(conn, c => match level {
        Some(level) => {
            let set = sqlx::query(SET).bind(owner.0).bind(class.name()).bind(kind).bind(id).bind(level.name()).bind(at.0);
            set.execute(&mut *c).await
        }
        None => sqlx::query(UNSET).bind(owner.0).bind(class.name()).bind(kind).bind(id).execute(&mut *c).await,
    })?;
    Ok(())
}

/// What stands in `withheld` of one owner, for one viewer and class.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Decided {
    level: i64,
    detail_since: Option<i64>,
    summary_since: Option<i64>,
    /// Until when the viewer was shown at least a summary, where that is over.
    named_until: Option<i64>,
    /// Until when the viewer was shown single records, where that is over.
    detail_until: Option<i64>,
}

/// All of one owner, by viewer and class.
type Withheld = BTreeMap<(i64, DataClass), Decided>;

/// A row of `withheld`: owner, viewer, class, and the five of [`Decided`].
type WithheldSql = (i64, i64, String, i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// Rows of `withheld` that one statement writes: a rule for everyone makes one for each other organisation.
const ROWS: usize = 10_000;

const NAMED: i64 = Level::Summary.code();
const SINGLE: i64 = Level::Detail.code();

/// Writes what follows from the rules for each pair of organisations, where it is not what stands there already.
pub(crate) async fn decide(conn: &mut Conn, at: Timestamp) -> Result<(), StoreError> {
    const WITHHELD: &str = "SELECT owner_id, viewer_id, class, level, detail_since, summary_since, named_until, detail_until FROM withheld";
    const PEERS: &str = "SELECT owner_id, viewer_id, since FROM peers";
    const OPEN: &str = "DELETE FROM withheld WHERE owner_id = $1";
    const ALONE: &str = "DELETE FROM peers WHERE owner_id = $1";
    const WITHHOLD: &str = "INSERT INTO withheld (owner_id, viewer_id, class, level, detail_since, summary_since, named_until, detail_until) \
                            SELECT v.owner, v.viewer, v.class, v.level, v.detail_since, v.summary_since, v.named_until, v.detail_until FROM v";
    const PEER: &str = "INSERT INTO peers (owner_id, viewer_id, since) SELECT v.owner, v.viewer, v.since FROM v";
    const CHANGED: &str = "INSERT INTO meta (key, value) VALUES ($1, '1') ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)";
    // Nobody has been shown anything of who never handed anything in, and there is nobody to whom it could have been shown where there are no people.
    const UNSEEN: &str = "SELECT org_id FROM push_states WHERE last_data_at IS NULL";
    const EYES: &str = "SELECT DISTINCT org_id FROM users";
    let sharing = load(conn).await?;
    let orgs: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(ORGS).fetch_all(&mut *c).await)?;
    let unseen: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(UNSEEN).fetch_all(&mut *c).await)?;
    let unseen: BTreeSet<i64> = unseen.into_iter().collect();
    let eyes: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(EYES).fetch_all(&mut *c).await)?;
    let eyes: BTreeSet<i64> = eyes.into_iter().collect();
    let mut old: BTreeMap<i64, Withheld> = BTreeMap::new();
    let rows: Vec<WithheldSql> = on_conn!(conn, c => sqlx::query_as(WITHHELD).fetch_all(&mut *c).await)?;
    for (owner, viewer, class, level, detail_since, summary_since, named_until, detail_until) in rows {
        let class = DataClass::named(&class).map_err(StoreError::Internal)?;
        old.entry(owner).or_default().insert((viewer, class), Decided { level, detail_since, summary_since, named_until, detail_until });
    }
    let mut old_peers: BTreeMap<i64, BTreeSet<(i64, i64)>> = BTreeMap::new();
    let rows: Vec<(i64, i64, i64)> = on_conn!(conn, c => sqlx::query_as(PEERS).fetch_all(&mut *c).await)?;
    for (owner, viewer, since) in rows {
        old_peers.entry(owner).or_default().insert((viewer, since));
    }
    let mut withheld: Vec<(i64, i64, DataClass, Decided)> = Vec::new();
    let (mut peers, mut shown) = (Vec::new(), Vec::new());
    let is_open = sharing.is_open();
    for owner in &orgs {
        let old = old.remove(owner).unwrap_or_default();
        let mut new = if is_open { Withheld::new() } else { withheld_by(&sharing, *owner, &orgs) };
        for ((viewer, class), now) in &mut new {
            let before = old.get(&(*viewer, *class));
            let over = |least, until: fn(&Decided) -> Option<i64>| match before {
                _ if now.level >= least => None,
                Some(before) if before.level < least => until(before),
                _ if unseen.contains(owner) || !eyes.contains(viewer) => None,
                _ => Some(at.0),
            };
            (now.named_until, now.detail_until) = (over(NAMED, |d| d.named_until), over(SINGLE, |d| d.detail_until));
        }
        let new_peers: BTreeSet<(i64, i64)> = sharing.peers(OrgId(*owner)).into_iter().map(|(org, since)| (org.0, since.0)).collect();
        let old_peers = old_peers.remove(owner).unwrap_or_default();
        if (new != old || new_peers != old_peers) && !unseen.contains(owner) {
            shown.push(shown_change(*owner, (&old, &old_peers), (&new, &new_peers)));
        }
        if new != old {
            execute!(conn, c => sqlx::query(OPEN).bind(*owner).execute(&mut *c).await)?;
            withheld.extend(new.into_iter().map(|((viewer, class), now)| (*owner, viewer, class, now)));
        }
        if new_peers != old_peers {
            execute!(conn, c => sqlx::query(ALONE).bind(*owner).execute(&mut *c).await)?;
            peers.extend(new_peers.into_iter().map(|(viewer, since)| (*owner, viewer, since)));
        }
    }
    for rows in withheld.chunks(ROWS) {
        Rows::of(rows)
            .with("owner", |row| row.0)
            .with("viewer", |row| row.1)
            .with("class", |row| row.2.name())
            .with("level", |row| row.3.level)
            .with("detail_since", |row| row.3.detail_since)
            .with("summary_since", |row| row.3.summary_since)
            .with("named_until", |row| row.3.named_until)
            .with("detail_until", |row| row.3.detail_until)
            .execute(conn, WITHHOLD)
            .await?;
    }
    let rows = Rows::of(&peers).with("owner", |(owner, ..)| *owner).with("viewer", |(_, viewer, _)| *viewer).with("since", |(.., since)| *since);
    rows.execute(conn, PEER).await?;
    for change in &shown {
        shown_before::rules_changed(conn, change, &orgs, &eyes, at).await?;
    }
    execute!(conn, c => sqlx::query(CHANGED).bind(VERSION).execute(&mut *c).await)?;
    Ok(())
}

/// Who was and is shown what of one owner's posture and incidents: what stood in `withheld` and `peers`, and what will.
fn shown_change(owner: i64, before: (&Withheld, &BTreeSet<(i64, i64)>), after: (&Withheld, &BTreeSet<(i64, i64)>)) -> shown_before::Change {
    let counting = |(withheld, peers): (&Withheld, &BTreeSet<(i64, i64)>), class: DataClass| Counting {
        since: withheld.iter().filter(|((_, of), _)| *of == class).map(|((viewer, _), decided)| (*viewer, decided.summary_since)).collect(),
        peers: peers.iter().copied().collect(),
    };
    let (was, is) = (counting(before, DataClass::Posture), counting(after, DataClass::Posture));
    let viewers: BTreeSet<i64> = was.since.keys().chain(is.since.keys()).copied().collect();
    let posture = viewers.into_iter().map(|viewer| (viewer, was.shown_since(viewer), is.shown_since(viewer))).collect();
    let records = DataClass::of_records().map(|class| (class, counting(before, class))).collect();
    shown_before::Change { owner, posture, before: counting(before, DataClass::Incidents), after: counting(after, DataClass::Incidents), records }
}

/// As [`Hub::sharing`], within a transaction.
pub(super) async fn load(conn: &mut Conn) -> Result<Sharing, StoreError> {
    let version = on_conn!(conn, c => sqlx::query_scalar(META).bind(VERSION).fetch_optional(&mut *c).await)?;
    let defaults = on_conn!(conn, c => sqlx::query_scalar(META).bind(DEFAULTS).fetch_optional(&mut *c).await)?;
    let rules = on_conn!(conn, c => sqlx::query_as(RULES).fetch_all(&mut *c).await)?;
    let members = on_conn!(conn, c => sqlx::query_as(MEMBERS).fetch_all(&mut *c).await)?;
    let confirmed = on_conn!(conn, c => sqlx::query_as(CONFIRMED).fetch_all(&mut *c).await)?;
    let suspended = on_conn!(conn, c => sqlx::query_scalar(SUSPENDED).fetch_all(&mut *c).await)?;
    made(version, defaults, rules, members, confirmed, suspended)
}

fn withheld_by(sharing: &Sharing, owner: i64, orgs: &[i64]) -> Withheld {
    let mut withheld = Withheld::new();
    for viewer in orgs {
        for class in DataClass::ALL {
            let since = |least| sharing.since(OrgId(*viewer), OrgId(owner), class, least).map(|t| t.0);
            let (detail_since, summary_since) = (since(Level::Detail), since(Level::Summary));
            if detail_since != Some(ALWAYS.0) {
                let level = sharing.level(OrgId(*viewer), OrgId(owner), class).code();
                withheld.insert((*viewer, class), Decided { level, detail_since, summary_since, named_until: None, detail_until: None });
            }
        }
    }
    withheld
}
