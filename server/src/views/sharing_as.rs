//! `/admin/sharing/as`: the viewer's own organisation with another's eyes, by the rules in force or with one of them changed. Of anybody else's data it tells
//! nothing: all of it is his own, cut by [`Sight`] as the other's pages are.

use super::{
    Looking, from_store,
    sharing::{asked_change, name},
    words,
};
use app::api::Answer;
use domain::{DataClass, Level, Role, Sharing, Sight, Timestamp, Viewer, catalogue::Domain, sharing::ALWAYS, view::*};
use store::{Eyes, Group};

/// The page: what an organisation, by its slug, is shown of the viewer's own.
///
/// # Errors
/// [`Refusal::NotFound`] for an organisation that is absent, and for the own.
pub async fn sharing_as(l: &Looking, slug: &str, asked: SharingChange) -> Answer<SharingAs> {
    let me = l.viewer.org;
    let own = l.board.org(me).ok_or(Refusal::NotFound)?;
    let (hub, fault) = (l.app.store.hub(), from_store(l.now));
    let groups: Vec<Group> = hub.groups().await.map_err(&fault)?.into_iter().filter(|g| g.members.contains(&(me, true))).collect();
    let mut sharing = hub.sharing().await.map_err(&fault)?;
    let confirmed = sharing.is_confirmed(me);
    let mut change = None;
    if let Some((class, audience, level)) = asked_change(l, &groups, &asked)? {
        sharing = sharing.with(me, class, audience, level);
        change = Some((class, name(l, &groups, audience), level));
    }
    let eyes = if slug.is_empty() { None } else { Some(l.board.by_slug(slug).filter(|o| o.info.id != me).ok_or(Refusal::NotFound)?) };
    let mut page = SharingAs {
        as_of: l.now,
        own: words::org_ref(own),
        eyes: eyes.map(|o| words::org_ref(o)),
        others: l.board.orgs().filter(|o| o.info.id != me).map(|o| words::org_ref(o)).collect(),
        asked: if change.is_some() { asked } else { SharingChange::default() },
        change,
        confirmed,
        posture: PostureAs { level: Level::None, since: None, score: None, domains: vec![], values: vec![] },
        records: vec![],
    };
    if let Some(eyes) = eyes {
        // What is seen of a record depends on the organisation alone; roles differ in raw payloads only.
        let sight = Sight { viewer: Viewer { org: eyes.info.id, role: Role::Executive }, sharing: &sharing };
        page.posture = posture(l, sight);
        for class in DataClass::of_records() {
            page.records.push(records(l, sight, class).await?);
        }
    }
    Ok(page)
}

fn since(sharing: &Sharing, sight: Sight<'_>, l: &Looking, class: DataClass, least: Level) -> Option<Timestamp> {
    sharing.since(sight.viewer.org, l.viewer.org, class, least).filter(|since| *since > ALWAYS)
}

fn posture(l: &Looking, sight: Sight<'_>) -> PostureAs {
    let level = sight.level(l.viewer.org, DataClass::Posture);
    let Some(own) = l.board.org(l.viewer.org).filter(|_| level >= Level::Summary) else {
        return PostureAs { level, since: None, score: None, domains: vec![], values: vec![] };
    };
    let policy = &l.board.policy;
    let score = own.score_for(policy, sight);
    let values = policy.metrics.iter().zip(&own.inputs.readings).filter(|_| level == Level::Detail);
    PostureAs {
        level,
        since: since(sight.sharing, sight, l, DataClass::Posture, level),
        score: score.total.value.filter(|_| own.freshness_for(sight, l.now).counts()),
        domains: Domain::ALL.map(|d| (d, score.domains[d.index()].value)).to_vec(),
        values: values.filter_map(|(metric, reading)| Some((metric.title.clone(), metric.format((*reading)?.value)))).collect(),
    }
}

async fn records(l: &Looking, sight: Sight<'_>, class: DataClass) -> Answer<RecordsAs> {
    let level = sight.level(l.viewer.org, class);
    let org = sight.viewer.org;
    let least = level.max(Level::Summary);
    let eyes = Eyes { org, since: sight.sharing.since(org, l.viewer.org, class, least), peers_since: sight.sharing.peers_since(org, l.viewer.org) };
    let reads = l.reads();
    let (path, found) = match class {
        // Posture has no records, and never comes here.
        DataClass::Posture => return Err(Refusal::NotFound),
        DataClass::Incidents => ("/incidents", reads.incidents_as(eyes).await),
        DataClass::Events => ("/events", reads.events_as(eyes).await),
        DataClass::Indicators => ("/indicators", reads.indicators_as(eyes).await),
    };
    let (rows, seen, all) = found.map_err(from_store(l.now))?;
    let rows = if level == Level::Detail { rows } else { vec![] };
    Ok(RecordsAs {
        class,
        level,
        since: since(sight.sharing, sight, l, class, least),
        rows: rows.into_iter().map(|r| (format!("{path}/{}", r.id), r.title, r.tlp)).collect(),
        seen,
        kept: all - seen,
    })
}
