//! `/orgs/:org`

mod records;

use super::{Looking, from_store, own_versions, versions, words};
use crate::{
    charts::{self, SparkOptions},
    live::board::OrgState,
};
use app::api::Answer;
use domain::{
    ByClass, DataClass, Freshness, Level, Timestamp, Tlp,
    catalogue::Domain,
    points,
    query::PageQuery,
    scoring::{
        Critical, Inputs, OrgScore, Reading,
        explain::{Cause, Change, explain},
        metric_score,
        series::SoFar,
    },
    view::*,
};
use records::Records;
use std::sync::Arc;

/// One organisation, as one viewer may see it, beside the others as they are now.
///
/// # Errors
/// [`Refusal::NotFound`] for absent and unshared organisations alike.
pub async fn organisation(l: &Looking, slug: &str, query: &PageQuery) -> Answer<Organisation> {
    let versions = own_versions!(l, posture, history, late, incidents, events, indicators, pushes);
    let page = l.once("organisation", slug, query, versions, async { itself(l, slug, query).await.map(Arc::new) }).await?;
    Ok(Organisation { peers: peers(l, slug).await?, ..Organisation::clone(&page) })
}

/// Where the others stand. All that the viewer knows of scores is looked through once for the pages of all organisations.
async fn peers(l: &Looking, slug: &str) -> Answer<Option<Peers>> {
    let scores = l.once("scores", "", &PageQuery::default(), versions!(l, posture), async {
        let shown = l.seen().filter_map(|s| Some((Some(s.org.info.id), s.counted()?)));
        // Whoever is shown no longer stands where it was last shown, or it would move the median.
        let withdrawn = l.board.hidden_from(l.viewer, l.now).filter_map(|(_, s)| Some((None, s.total.last?)));
        Ok(Arc::new(shown.chain(withdrawn).collect::<Vec<_>>()))
    });
    let (scores, own) = (scores.await?, l.board.by_slug(slug).map(|org| org.info.id));
    Ok(words::peers(scores.iter().filter(|(org, _)| org.is_none() || *org != own).map(|(_, score)| *score).collect()))
}

async fn itself(l: &Looking, slug: &str, query: &PageQuery) -> Answer<Organisation> {
    let org = l.board.by_slug(slug).ok_or(Refusal::NotFound)?;
    let shared = l.sight().level(org.info.id, DataClass::Posture);
    if shared < Level::Summary {
        return Err(Refusal::NotFound);
    }
    let fault = from_store(l.now);
    let score = org.score_for(&l.board.policy, l.sight());
    let records = records::records(l, org).await?;
    let pushes = l.reads().pushes(Some(org.info.id), None, "", 8).await.map_err(&fault)?;
    let before = org.day_for(&l.board.policy, l.sight(), l.now.day() - 30);
    // Which metric moved it is detail.
    let change = points::change(score.total.value, before.and_then(|s| s.value));
    let causes = if shared == Level::Detail { causes(l, org, change).await? } else { vec![] };
    let Records { incidents, open_by_severity, events, by_tlp, indicators, counts } = records;
    let mut tlps: Vec<Tlp> = by_tlp.iter().map(|t| t.tlp).collect();
    tlps.extend(incidents.iter().map(|i| i.tlp));
    Ok(Organisation {
        as_of: l.now,
        policy_version: l.board.policy.version,
        org: words::org_ref(org),
        shared,
        sector: org.info.sector.clone(),
        country: org.info.country.clone(),
        assets: org.info.assets.map(|a| a as u64),
        interval: org.info.interval,
        freshness: l.freshness(org),
        seen: l.last_data(org),
        standing: l.standing(org, &l.board.policy, &score),
        score: score.total.value.filter(|_| l.freshness(org).counts()),
        at_most: score.at_most.filter(|_| l.freshness(org).counts()),
        hidden: words::hidden(l, org),
        last: score.total.last,
        low: score.total.low,
        high: score.total.high,
        coverage: score.total.coverage,
        held: score.total.held,
        uncapped: score.uncapped,
        change,
        causes,
        history: history(l, org, &score, query).await?,
        peers: None,
        domains: Domain::ALL.iter().filter_map(|d| domain(l, org, &score, *d)).collect(),
        levels: ByClass::from_fn(|class| l.sight().level(org.info.id, class)),
        open_incidents: open_by_severity.iter().map(|(_, n)| *n as u32).sum(),
        incidents_partial: org.is_partial(l.sight(), DataClass::Incidents),
        open_by_severity,
        events,
        incidents,
        indicators,
        indicators_by_tlp: by_tlp,
        counts,
        pushes: pushes.rows,
        highest_tlp: words::highest(&tlps),
    })
}

fn domain(l: &Looking, org: &OrgState, score: &OrgScore, domain: Domain) -> Option<OrgDomain> {
    let policy = &l.board.policy;
    let metrics: Vec<MetricRow> = policy.of_domain(domain).map(|(i, m)| metric_row(l, org, m, org.reading_for(l.sight(), i))).collect();
    if metrics.is_empty() {
        return None;
    }
    let metrics = if l.sight().sees_detail(org.info.id, DataClass::Posture) { metrics } else { vec![] };
    let d = domain.index();
    let now = &score.domains[d];
    let points = words::history(l, org, 90, |row| row.domains[d], now.value);
    let then = points.len().checked_sub(31).and_then(|i| points[i]);
    Some(OrgDomain {
        domain,
        score: now.value,
        last: now.last,
        target: policy.domain(domain).target,
        change: points::change(now.value, then),
        history: charts::sparkline(&points, (0.0, 100.0), SparkOptions::default()),
        metrics,
    })
}

/// One metric of an organisation now.
#[must_use]
pub fn metric_row(l: &Looking, org: &OrgState, metric: &domain::catalogue::MetricDefinition, reading: Option<Reading>) -> MetricRow {
    MetricRow {
        value: reading.map(|r| r.value),
        score: reading.map(|r| metric_score(metric, r.value)),
        // What a snapshot left out has no moment that it is from.
        at: reading.map(|r| r.at).filter(|at| at.0 > 0),
        freshness: Freshness::at(reading.map(|r| r.at), org.info.interval, l.now),
        metric: metric.clone(),
    }
}

/// The score over the range asked for, day by day, breaking where nothing was known. It begins with what stood when the range began, the end of the day
/// before: there the arrow and the causes begin, too.
async fn history(l: &Looking, org: &OrgState, score: &OrgScore, query: &PageQuery) -> Answer<Chart> {
    let window = query.window(l.now);
    let begin = if window.to == l.now { l.now.day() - window.days() } else { window.from.day() - 1 };
    let (from, to) = (begin.max(l.now.day() - 3_660), window.to.day());
    let rows = l.app.store.hub().days_of(org.info.id, from, to).await.map_err(from_store(l.now))?;
    let mut points: Vec<(Timestamp, Option<f64>, f64, f64)> = Vec::new();
    let mut rows = rows.iter().peekable();
    for day in from..to {
        let row = rows.next_if(|r| r.day == day).filter(|_| org.is_shown(l.sight(), day));
        let s = row.map(|r| org.day_score(r, &l.board.policy, l.sight()));
        points.push((Timestamp::of_day(day), s.and_then(|s| s.value), s.map_or(f64::NAN, |s| s.low), s.map_or(f64::NAN, |s| s.high)));
    }
    if to >= l.now.day() {
        points.push((l.now, score.total.value, score.total.low, score.total.high));
    }
    let course: Vec<(Timestamp, Option<f64>)> = points.iter().map(|(at, value, ..)| (*at, *value)).collect();
    let takeaway = takeaway(&course, window.days(), l.board.policy.on_target);
    let hidden = words::hidden(l, org);
    let takeaway = if hidden.is_empty() { takeaway } else { format!("{takeaway} The line is the least it can be: {hidden}.") };
    let csv = query.href(&format!("/csv/orgs/{}", org.info.slug));
    Ok(charts::score_history("score", "Score", &takeaway, &points, l.board.policy.on_target, &csv))
}

/// What became of a score, to a tenth, as the arrow and the causes are. Where an end of the range is not known, it says of which days it speaks.
fn takeaway(course: &[(Timestamp, Option<f64>)], days: i64, target: f64) -> String {
    let known: Vec<(Timestamp, f64)> = course.iter().filter_map(|(at, value)| Some((*at, (*value)?))).collect();
    match (known.first(), known.last()) {
        (Some((from, a)), Some((to, b))) if known.len() > 1 => {
            let whole = [course.first(), course.last()].into_iter().flatten().all(|(_, value)| value.is_some());
            let when = if whole {
                if days == 1 { "in 1 day".to_owned() } else { format!("in {days} days") }
            } else {
                format!("between {} and {}", from.date(), to.date())
            };
            format!("{}, {when}; target {target:.0}.", points::moved(*a, *b))
        }
        (Some((_, a)), _) => format!("{a:.0} on the one day that is known."),
        _ => "Nothing was reported in this time.".into(),
    }
}

/// What became of the critical incidents that a viewer knows of, where some were open then or are now, and not both: true of all of them.
fn critical_words(l: &Looking, org: &OrgState) -> String {
    match org.criticals_for(l.sight()) {
        0 => "No critical incident is open any more".to_owned(),
        1 => "Critical incident opened".to_owned(),
        n => format!("{n} critical incidents opened"),
    }
}

/// Causes named one by one.
const CAUSES: usize = 6;

/// What moved the score in 30 days: the parts to a tenth of a point, made from what was known then and what is known now. They add up to `change` where there
/// is one, which is shown beside them.
async fn causes(l: &Looking, org: &OrgState, change: Option<f64>) -> Answer<Vec<CauseRow>> {
    let policy = &l.board.policy;
    let day = l.now.day() - 30;
    let Some(then) = org.day_row(l.sight(), day) else { return Ok(vec![]) };
    // The values behind that day's score may be two weeks older than it.
    let since = l.board.sharing.since(l.viewer.org, org.info.id, DataClass::Posture, Level::Detail);
    if since.is_none_or(|since| since > Timestamp::of_day(day - 14)) {
        return Ok(vec![]);
    }
    let readings = readings_on(l, org, day).await?;
    let mut before = Inputs { readings: readings.to_vec(), interval: org.info.interval, critical: Critical::None };
    let moment = before.readings.iter().flatten().map(|r| r.at).max().unwrap_or(Timestamp::of_day(day));
    before.critical = org.critical_on(then, l.sight());
    let after = Inputs { critical: org.critical(l.sight()), ..org.inputs.clone() };
    let whole = [Change { weight: 1.0, before, after }];
    let mut named = false;
    let parts = explain(&whole, (policy, policy), (moment, l.now));
    let mut rows: Vec<CauseRow> = parts
        .into_iter()
        .map(|p| {
            named |= p.cause == Cause::IncidentsHidden;
            let (text, href) = match p.cause {
                Cause::Policy { from, to } => (format!("Scoring policy {from} → {to}"), "/about/scoring".to_owned()),
                Cause::Time if p.points > 0.0 => ("Values that are current again".to_owned(), "/status".to_owned()),
                Cause::Time => ("Values that went stale".to_owned(), "/status".to_owned()),
                Cause::CriticalIncident => (critical_words(l, org), format!("/incidents?org={}&status=any&sev=critical", org.info.slug)),
                Cause::IncidentsHidden if org.incidents_hidden(l.sight()) => ("No longer shares its incidents with you".to_owned(), String::new()),
                Cause::IncidentsHidden => ("A critical incident is no longer shown to you".to_owned(), String::new()),
                Cause::IncidentsShown => ("Shares its incidents with you".to_owned(), format!("/incidents?org={}&status=any&sev=critical", org.info.slug)),
                Cause::Metric(i) => {
                    let m = &policy.metrics[i];
                    let value = |r: &Inputs| r.readings[i].map_or_else(|| "unknown".to_owned(), |r| m.format(r.value));
                    (format!("{}: {} → {}", m.title, value(&whole[0].before), value(&whole[0].after)), format!("/orgs/{}/metrics/{}", org.info.slug, m.key))
                }
            };
            CauseRow { text, points: p.points, href }
        })
        .collect();
    // Hiding is the last of the causes, and is named first, however little it moves.
    let hidden = if named { rows.pop() } else { None };
    let sum = |rows: &[CauseRow]| rows.iter().map(|row| row.points).sum::<f64>();
    let whole = change.unwrap_or_else(|| points::tenth(sum(&rows) + hidden.as_ref().map_or(0.0, |row: &CauseRow| row.points)));
    // A score that was kept may stand on values that are not.
    let rest = whole - sum(&rows) - hidden.as_ref().map_or(0.0, |row| row.points);
    if rest.abs() >= 0.1 {
        rows.push(CauseRow { text: "Values of that time that are no longer kept".to_owned(), points: rest, href: String::new() });
    }
    rows.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
    rows.splice(0..0, hidden);
    // What is left of the sum after cutting the list must be said, or the parts no longer add up.
    let tail = rows.split_off(rows.len().min(CAUSES));
    if !tail.is_empty() {
        let text = if tail.len() == 1 { "1 smaller cause".to_owned() } else { format!("{} smaller causes", tail.len()) };
        rows.push(CauseRow { text, points: tail.iter().map(|r| r.points).sum(), href: String::new() });
    }
    let points = points::tenths(&rows.iter().map(|r| r.points).collect::<Vec<_>>(), whole);
    rows.iter_mut().zip(points).for_each(|(row, points)| row.points = points);
    let mut first = named;
    rows.retain(|row| std::mem::take(&mut first) || row.points != 0.0);
    Ok(rows)
}

/// The values behind the score of an earlier day, by their place in the policy.
async fn readings_on(l: &Looking, org: &OrgState, day: i64) -> Answer<Arc<[Option<Reading>]>> {
    l.once("readings of a day", &org.info.slug, &PageQuery::default(), own_versions!(l, history, late), async {
        let values = l.app.store.hub().day_values_between(org.info.id, day - 14, day).await.map_err(from_store(l.now))?;
        let policy = &l.board.policy;
        let (mut readings, mut so_far) = (vec![None; policy.metrics.len()], SoFar::default());
        for one in values {
            if let Some(i) = policy.position(&one.metric) {
                so_far.take(i, &one.labels, one.value, one.at);
                readings[i] = so_far.reading(i);
            }
        }
        Ok(Arc::from(readings))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takeaway_speaks_of_the_days_that_are_known() {
        let at = |day: i64| Timestamp::of_day(20_000 + day);
        let said = |values: &[Option<f64>]| takeaway(&(0..).zip(values).map(|(day, value)| (at(day), *value)).collect::<Vec<_>>(), 3, 80.0);
        assert_eq!(said(&[Some(77.25), None, None, Some(60.0)]), "Fell 17.3 points, from 77.3 to 60.0, in 3 days; target 80.");
        assert_eq!(said(&[Some(77.32), Some(1.0), None, Some(77.29)]), "Unchanged at 77.3, in 3 days; target 80.");
        let part = format!("Rose 10.0 points, from 60.0 to 70.0, between {} and {}; target 80.", at(1).date(), at(2).date());
        assert_eq!(said(&[None, Some(60.0), Some(70.0), None]), part);
        assert_eq!((said(&[None, Some(60.4)]), said(&[None])), ("60 on the one day that is known.".into(), "Nothing was reported in this time.".into()));
    }
}
