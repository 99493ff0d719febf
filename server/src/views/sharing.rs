//! `/admin/sharing`

use super::{Looking, Viewing, from_store, words};
use app::api::Answer;
use domain::{
    ByClass, DataClass, Level, OrgId, Sharing,
    sharing::{Audience, Difference, GroupId},
    view::*,
};
use store::{EventFilter, Group, IncidentFilter, IndicatorFilter};

/// Files taken away that a disclosure lists.
const EXPORTS: usize = 10;
/// Rows that a disclosure names as examples.
const EXAMPLES: usize = 3;

/// The rules of the viewer's own organisation; with what `asked` would change, where that can be read.
///
/// # Errors
/// When the database cannot be read.
pub async fn sharing(viewing: &Viewing, l: &Looking, asked: SharingChange) -> Answer<SharingRules> {
    let me = l.viewer.org;
    let org = l.board.org(me).ok_or(Refusal::NotFound)?;
    let (hub, fault) = (l.app.store.hub(), from_store(l.now));
    // The newest rules, not the board's: who changed one sees it at once.
    let sharing = hub.sharing().await.map_err(&fault)?;
    let groups: Vec<Group> = hub.groups().await.map_err(&fault)?.into_iter().filter(|g| g.members.contains(&(me, true))).collect();
    let me_user = viewing.who.as_ref().map(|who| who.user.id);
    let waiting = hub.proposals(me, l.now).await.map_err(&fault)?.into_iter().map(|p| WaitingRow {
        id: p.id,
        class: p.class,
        now: if p.audience == Audience::Everyone { Some(sharing.for_everyone(me, p.class)) } else { sharing.rule(me, p.class, p.audience) },
        asked: SharingChange {
            class: p.class.name().to_owned(),
            audience: code(l, p.audience),
            level: p.level.map_or_else(String::new, |level| level.name().to_owned()),
        },
        audience: name(l, &groups, p.audience),
        level: p.level,
        own: Some(p.by.0) == me_user,
        by: p.by.1,
        expires_at: p.expires_at,
    });
    let seen = ByClass::from_fn(|class| sharing.for_everyone(me, class));
    let first = hub.first_confirmation(me, l.now).await.map_err(&fault)?.filter(|first| first.levels == seen && !sharing.is_confirmed(me));
    let first = match first {
        Some(first) => {
            let sole = hub.is_sole_admin(me, first.by.0, l.now).await.map_err(&fault)?;
            Some(FirstRow { own: Some(first.by.0) == me_user, alone_from: sole.then(|| first.alone_from()), by: first.by.1, expires_at: first.expires_at })
        }
        None => None,
    };
    let others = || l.board.orgs().filter(|o| o.info.id != me);
    let mut audiences = vec![("everyone".to_owned(), "everyone".to_owned())];
    audiences.extend(groups.iter().map(|g| (format!("group:{}", g.id.0), format!("the group {}", g.name))));
    audiences.extend(others().map(|o| (format!("org:{}", o.info.slug), o.info.name.clone())));
    let mut spoken: Vec<Audience> = sharing.rules_of(me).map(|rule| rule.audience).chain([Audience::Everyone]).collect();
    spoken.sort();
    spoken.dedup();
    let row = |audience| {
        let levels = ByClass::from_fn(|class| {
            let rule = sharing.rule(me, class, audience);
            if audience == Audience::Everyone { Some(sharing.for_everyone(me, class)) } else { rule }
        });
        AudienceRow { audience: name(l, &groups, audience), levels }
    };
    let outcome = others().map(|o| (words::org_ref(o), ByClass::from_fn(|class| sharing.level(o.info.id, me, class)))).collect();
    let disclosure = match asked_change(l, &groups, &asked)? {
        Some((class, audience, level)) if l.viewer.role.manages_sharing() => {
            Some(disclosure(l, &sharing, asked, class, (audience, name(l, &groups, audience)), level).await?)
        }
        _ => None,
    };
    let compared = compared(l, &sharing).await?;
    let hashes_since = hub.hashes_since(me).await.map_err(&fault)?;
    Ok(SharingRules {
        org: words::org_ref(org),
        may_change: l.viewer.role.manages_sharing(),
        confirmed: sharing.is_confirmed(me),
        first,
        offers: sharing.offered(me).collect(),
        rules: spoken.into_iter().map(row).collect(),
        audiences,
        outcome,
        disclosure,
        waiting: waiting.collect(),
        compared,
        hashes_since,
    })
}

/// Who compares indicators with the own ones and is not told their organisation. It follows from the own rules alone; how many they are, from what the others
/// show, and of all together.
async fn compared(l: &Looking, sharing: &Sharing) -> Answer<Compared> {
    let (me, fault) = (l.viewer.org, from_store(l.now));
    let unnamed = |org: OrgId| matches!(sharing.level(org, me, DataClass::Indicators), Level::Aggregate | Level::Summary);
    let askers: Vec<_> = l.board.orgs().filter(|o| o.info.id != me && unnamed(o.info.id)).collect();
    let received = l.reads().counts().indicators_received(l.now.plus(-7 * domain::DAY)).await.map_err(&fault)?;
    let number = |org: OrgId| (sharing.level(me, org, DataClass::Indicators) >= Level::Summary).then(|| received.get(&org).copied().unwrap_or(0));
    let ids: Vec<OrgId> = askers.iter().map(|o| o.info.id).collect();
    let together = l.app.store.hub().compared_lately(&ids, l.now).await.map_err(&fault)?;
    Ok(Compared {
        by: askers.iter().map(|o| (words::org_ref(o), number(o.info.id))).collect(),
        together: together.map(|n| n / 100 * 100),
        per_day: store::COMPARISONS_PER_DAY as u64,
    })
}

/// An audience in words.
pub(super) fn name(l: &Looking, groups: &[Group], audience: Audience) -> String {
    match audience {
        Audience::Everyone => "everyone".to_owned(),
        Audience::Group(id) => groups.iter().find(|g| g.id == id).map_or_else(|| "a group that was left".to_owned(), |g| format!("the group {}", g.name)),
        Audience::Organisation(id) => l.board.org(id).map_or_else(String::new, |o| o.info.name.clone()),
    }
}

/// An audience as a form writes it.
fn code(l: &Looking, audience: Audience) -> String {
    match audience {
        Audience::Everyone => "everyone".to_owned(),
        Audience::Group(id) => format!("group:{}", id.0),
        Audience::Organisation(id) => l.board.org(id).map_or_else(String::new, |o| format!("org:{}", o.info.slug)),
    }
}

/// The change that an address asks to look at; `None` where it asks for none.
///
/// # Errors
/// [`Refusal::Unclear`] for one that names nothing that there is: the rules in force would be taken for it.
pub fn asked_change(l: &Looking, groups: &[Group], asked: &SharingChange) -> Answer<Option<(DataClass, Audience, Option<Level>)>> {
    if *asked == SharingChange::default() {
        return Ok(None);
    }
    let unclear = || Unclear {
        why: "The address asks for a rule that names no class of data, audience and level that there are.".to_owned(),
        keys: ["class", "audience", "level"].map(str::to_owned).to_vec(),
    };
    read_change(l, groups, asked).map(Some).ok_or_else(|| Refusal::Unclear(unclear()))
}

/// A change as the form wrote it; `None` where it names nothing that there is.
pub fn read_change(l: &Looking, groups: &[Group], change: &SharingChange) -> Option<(DataClass, Audience, Option<Level>)> {
    let audience = match change.audience.split_once(':') {
        None if change.audience == "everyone" => Audience::Everyone,
        Some(("group", id)) => Audience::Group(groups.iter().map(|g| g.id).find(|g| GroupId(id.parse().unwrap_or(0)) == *g)?),
        Some(("org", slug)) => Audience::Organisation(l.board.by_slug(slug).map(|o| o.info.id).filter(|id| *id != l.viewer.org)?),
        _ => return None,
    };
    let class: DataClass = change.class.parse().ok()?;
    let level = if change.level.is_empty() { None } else { Some(change.level.parse().ok()?) };
    Some((class, audience, level))
}

async fn disclosure(
    l: &Looking,
    sharing: &Sharing,
    change: SharingChange,
    class: DataClass,
    audience: (Audience, String),
    level: Option<Level>,
) -> Answer<Disclosure> {
    let (me, orgs) = (l.viewer.org, || l.board.orgs().map(|o| o.info.id));
    let differences = sharing.differences(orgs(), me, class, audience.0, level);
    let row = |d: &Difference| {
        let org = words::org_ref(l.board.org(d.org)?);
        Some(DisclosureRow { org, before: d.before, after: d.after, earlier: d.earlier })
    };
    Ok(Disclosure {
        change,
        class,
        audience: audience.1,
        level,
        rows: differences.iter().filter_map(row).collect(),
        widens: sharing.widens(orgs(), me, class, audience.0, level),
        examples: examples(l, class).await?,
        exports: exports(l, class, &differences).await?,
    })
}

/// Files that may hold rows of this class of the own organisation, and that those who would see less have taken away already.
async fn exports(l: &Looking, class: DataClass, differences: &[Difference]) -> Answer<Vec<(OrgRef, String, domain::Timestamp)>> {
    let narrowed: Vec<OrgId> = differences.iter().filter(|d| d.after < d.before).map(|d| d.org).collect();
    if narrowed.is_empty() {
        return Ok(vec![]);
    }
    // Named by the slug that it had then, and by what is in it, which has no hyphen; the slug may have some.
    let of_own = |file: &str| {
        let slug = file.strip_suffix(".csv").and_then(|name| name.rsplit_once('-')).map(|(slug, _)| slug);
        slug.and_then(|slug| l.board.by_slug(slug)).is_some_and(|org| org.info.id == l.viewer.org)
    };
    let holds = |file: &str| match class {
        DataClass::Posture => file == "organisations.csv" || of_own(file),
        DataClass::Incidents => file == "incidents.csv" || file == "incidents-opened-and-closed.csv",
        DataClass::Indicators => file == "indicators.csv",
        DataClass::Events => file == "events.csv",
    };
    let rows = l.app.store.hub().exports().await.map_err(from_store(l.now))?;
    let taken = rows.into_iter().filter_map(|row| {
        let org = row.actor.org.filter(|org| narrowed.contains(org) && holds(&row.object))?;
        Some((words::org_ref(l.board.org(org)?), row.object, row.at))
    });
    Ok(taken.take(EXPORTS).collect())
}

/// Real rows of the own organisation that a rule of this class is about: those that TLP keeps from nobody.
async fn examples(l: &Looking, class: DataClass) -> Answer<Vec<String>> {
    let own = Some(l.viewer.org);
    let fault = from_store(l.now);
    let mut rows: Vec<String> = match class {
        DataClass::Posture => {
            let Some(org) = l.board.org(l.viewer.org) else { return Ok(vec![]) };
            let values = l.board.policy.metrics.iter().zip(&org.inputs.readings);
            values.filter_map(|(metric, reading)| Some(format!("{}: {}", metric.title, metric.format((*reading)?.value)))).collect()
        }
        DataClass::Incidents => {
            let filter = IncidentFilter { org: own, sort: "-opened".into(), ..IncidentFilter::default() };
            let page = l.reads().incidents(&filter).await.map_err(&fault)?;
            page.rows.into_iter().filter(|i| i.tlp.reaches_everyone()).map(|i| format!("{} ({}, TLP:{})", i.title, i.severity, i.tlp)).collect()
        }
        DataClass::Indicators => {
            let page = l.reads().indicators(&IndicatorFilter { org: own, ..IndicatorFilter::default() }).await.map_err(&fault)?;
            page.rows.into_iter().filter(|i| i.tlp.reaches_everyone()).map(|i| format!("{} (TLP:{})", i.observed, i.tlp)).collect()
        }
        DataClass::Events => {
            let month = EventFilter { org: own, from: l.now.plus(-30 * domain::DAY), to: l.now, ..EventFilter::default() };
            let page = l.reads().events(&month).await.map_err(&fault)?;
            page.rows.into_iter().filter(|e| e.tlp.reaches_everyone()).map(|e| format!("{} ({}, TLP:{})", e.title, e.severity, e.tlp)).collect()
        }
    };
    rows.truncate(EXAMPLES);
    Ok(rows)
}
