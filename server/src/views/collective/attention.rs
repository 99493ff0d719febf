//! Needs attention: the organisations somebody should look at, the most urgent first, with the reason in words.

use super::Seen;
use crate::{
    live::board::OrgState,
    views::{Looking, words},
};
use domain::{
    DAY, DataClass, Freshness, Severity, Timestamp, points,
    scoring::{Score, metric_score},
    timestamp::duration,
    verdict::{Standing, number},
    view::Attention,
};
use store::OpenIncident;

/// Lines of the list.
const LINES: usize = 8;

/// Why an organisation is on the list.
#[derive(Clone, Copy)]
enum Reason {
    /// Critical incidents are open.
    Critical,
    /// So many critical incidents that were open are no longer shown to the viewer.
    Withdrawn(usize),
    Silent,
    /// Off target, as far as the viewer may know.
    Bounded,
    Off,
    /// A high-severity incident was opened not long ago.
    High,
    /// Points lost in 30 days.
    Falling,
    Partial,
    Never,
}

/// An organisation on the list, before it is put into words: of many only some lines are shown.
struct Found<'l> {
    seen: &'l Seen<'l>,
    reason: Reason,
    /// What became of its score in 30 days.
    change: Option<f64>,
    /// The most urgent first, then by points.
    urgency: (u8, f64),
}

/// The list, and how many more there would be.
pub(super) fn attention(l: &Looking, seen: &[Seen<'_>], index: &Score) -> (Vec<Attention>, u32) {
    let mut found: Vec<Found<'_>> = seen.iter().filter_map(|seen| find(l, seen)).collect();
    found.sort_by(|a, b| {
        let by_points = || a.urgency.1.total_cmp(&b.urgency.1);
        a.urgency.0.cmp(&b.urgency.0).then_with(by_points).then_with(|| a.seen.org.info.name.cmp(&b.seen.org.info.name))
    });
    let more = found.len().saturating_sub(LINES);
    (found.iter().take(LINES).map(|found| line(l, found, index)).collect(), more as u32)
}

fn find<'l>(l: &Looking, seen: &'l Seen<'l>) -> Option<Found<'l>> {
    let (org, score, standing) = (seen.org, &seen.score, seen.standing);
    let change = points::change(score.total.value, seen.month_ago(l).and_then(|s| s.value)).filter(|c| *c != 0.0);
    let points = score.total.value.unwrap_or(0.0);
    let (reason, urgency) = if criticals(l, org).next().is_some() {
        (Reason::Critical, (0, 0.0))
    } else if let n @ 1.. = org.withdrawn(l.viewer).count() {
        (Reason::Withdrawn(n), (0, 1.0))
    } else if matches!(seen.freshness, Freshness::Stale | Freshness::Silent) {
        (Reason::Silent, (1, 0.0))
    } else if standing == Standing::Off {
        (if words::bound(score).is_some() { Reason::Bounded } else { Reason::Off }, (2, points))
    } else if high(l, org).is_some() {
        (Reason::High, (3, 0.0))
    } else if change.is_some_and(|c| c <= -5.0) {
        (Reason::Falling, (4, change.unwrap_or(0.0)))
    } else if seen.freshness.counts() && score.total.coverage < 0.5 {
        (Reason::Partial, (5, 0.0))
    } else if seen.freshness == Freshness::Never {
        (Reason::Never, (6, 0.0))
    } else {
        return None;
    };
    Some(Found { seen, reason, change, urgency })
}

fn criticals<'l>(l: &'l Looking, org: &'l OrgState) -> impl Iterator<Item = &'l OpenIncident> {
    org.open_for(l.sight()).filter(|i| i.severity == Severity::Critical)
}

fn high<'l>(l: &'l Looking, org: &'l OrgState) -> Option<&'l OpenIncident> {
    org.open_for(l.sight()).find(|i| i.severity == Severity::High && l.now.since(i.opened_at) < 14 * DAY)
}

/// The line in words: how it stands, what is the matter, what is said instead of the change of its score, and where it leads.
fn line(l: &Looking, found: &Found<'_>, index: &Score) -> Attention {
    let (org, score) = (found.seen.org, &found.seen.score);
    let path = format!("/orgs/{}", org.info.slug);
    let said = |standing: Standing, text: String, note: String, href: String| Attention {
        org: words::org_ref(org),
        standing,
        text,
        change: if note.is_empty() { found.change } else { None },
        note,
        href,
    };
    match found.reason {
        Reason::Critical => {
            let critical: Vec<_> = criticals(l, org).collect();
            let age = duration(critical.first().map_or(0, |incident| l.now.since(incident.opened_at)));
            let verb = if critical.len() == 1 { "caps" } else { "cap" };
            let caps = if score.uncapped.is_some() { format!(" {verb} the score at {:.0}", l.board.policy.critical_cap) } else { String::new() };
            let worst = worst_metric(l, org).map(|(_, text)| format!("; {text}")).unwrap_or_default();
            let (text, href) = if let [incident] = critical[..] {
                (format!("Critical incident open for {age}{caps}: {}{worst}", incident.title), format!("/incidents/{}", incident.id))
            } else {
                let titles = critical.iter().map(|i| i.title.as_str()).collect::<Vec<_>>().join("; ");
                (
                    capitalised(&format!("{} open critical incidents{caps}: {titles}", number(critical.len() as u32))),
                    format!("/incidents?org={}&sev=critical", org.info.slug),
                )
            };
            said(Standing::Off, text, String::new(), href)
        }
        Reason::Withdrawn(n) => {
            let what = if n == 1 { "A critical incident that was open is".to_owned() } else { format!("{n} critical incidents that were open are") };
            let bound = words::bound(score).map_or_else(String::new, |bound| format!("; {bound}"));
            said(found.seen.standing, format!("{what} no longer shown to you{bound}"), words::at_most(score), path)
        }
        Reason::Silent => {
            let since = found.seen.last_data.map_or_else(String::new, Timestamp::human);
            let note = score.total.last.map_or_else(|| "no score".to_owned(), |s| format!("was {s:.0}"));
            // A silent score below the index still holds it down; one above it has simply left.
            let holds = index.value.zip(score.total.last).is_some_and(|(index, last)| last < index);
            let index = if holds { "still holds the index down by its last score" } else { "out of the index" };
            said(Standing::Stale, format!("No data since {since}, {index}"), note, path)
        }
        Reason::Bounded => {
            let bound = words::bound(score).unwrap_or_default();
            said(Standing::Off, format!("Does not share all of its incidents with you; {bound}"), words::at_most(score), path)
        }
        Reason::Off => {
            let (metric, text) = worst_metric(l, org).map_or((None, "below the watch threshold".to_owned()), |(m, t)| (Some(m), t));
            let href = metric.map_or_else(|| path.clone(), |m| format!("{path}/metrics/{m}"));
            said(Standing::Off, capitalised(&text), String::new(), href)
        }
        Reason::High => {
            let incident = high(l, org);
            let age = duration(incident.map_or(0, |incident| l.now.since(incident.opened_at)));
            let (title, href) = incident.map_or((String::new(), path), |incident| (incident.title.clone(), format!("/incidents/{}", incident.id)));
            said(Standing::Watch, format!("High-severity incident open for {age}: {title}"), String::new(), href)
        }
        Reason::Falling => {
            let text = worst_metric(l, org).map_or_else(|| "Losing points".to_owned(), |(_, t)| t);
            said(found.seen.standing, capitalised(&text), String::new(), path)
        }
        Reason::Partial => said(Standing::Watch, format!("Only {:.0} % of its values are current", score.total.coverage * 100.0), String::new(), path),
        Reason::Never => said(Standing::Stale, "Has not reported yet".into(), "no score".into(), path),
    }
}

/// The current metric that costs the most points, in words; `None` where the viewer is not shown single metrics.
fn worst_metric(l: &Looking, org: &OrgState) -> Option<(String, String)> {
    if !l.sight().sees_detail(org.info.id, DataClass::Posture) {
        return None;
    }
    let policy = &l.board.policy;
    let lost = |i: usize| {
        let m = &policy.metrics[i];
        let r = org.reading_for(l.sight(), i)?;
        let current = Freshness::at(Some(r.at), org.info.interval, l.now).counts();
        let domain_weight: f64 = policy.of_domain(m.domain).map(|(_, m)| m.weight).sum();
        current.then(|| (m, r.value, (100.0 - metric_score(m, r.value)) * m.weight / domain_weight * policy.domain(m.domain).weight))
    };
    let (metric, value, lost) = (0..policy.metrics.len()).filter_map(lost).max_by(|a, b| a.2.total_cmp(&b.2))?;
    (lost > 0.0).then(|| (metric.key.clone(), format!("{} {} (target {})", lower_first(&metric.title), metric.format(value), metric.format(metric.target))))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        // "MFA coverage" keeps its capitals.
        (Some(a), Some(b)) if b.is_lowercase() => a.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

pub(super) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
