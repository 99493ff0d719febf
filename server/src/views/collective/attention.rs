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

/// Lines of the list.
const LINES: usize = 8;

/// The list, and how many more there would be.
pub(super) fn attention(l: &Looking, seen: &Seen<'_>, index: &Score) -> (Vec<Attention>, u32) {
    let policy = &l.board.policy;
    let mut lines: Vec<(u8, f64, Attention)> = Vec::new();
    for (org, score) in seen {
        let standing = l.standing(org, policy, score);
        let before = org.day_for(policy, l.sight(), l.now.day() - 30);
        let change = points::change(score.total.value, before.and_then(|s| s.value)).filter(|c| *c != 0.0);
        let path = format!("/orgs/{}", org.info.slug);
        let mut line = |rank: u8, weight: f64, standing: Standing, text: String, note: String, href: String| {
            lines.push((rank, weight, Attention { org: words::org_ref(org), standing, text, change: if note.is_empty() { change } else { None }, note, href }));
        };
        let critical: Vec<_> = org.open_for(l.sight()).filter(|i| i.severity == Severity::Critical).collect();
        if let Some(incident) = critical.first() {
            let age = duration(l.now.since(incident.opened_at));
            let verb = if critical.len() == 1 { "caps" } else { "cap" };
            let caps = if score.uncapped.is_some() { format!(" {verb} the score at {:.0}", policy.critical_cap) } else { String::new() };
            let worst = worst_metric(l, org).map(|(_, text)| format!("; {text}")).unwrap_or_default();
            let (text, href) = if critical.len() == 1 {
                (format!("Critical incident open for {age}{caps}: {}{worst}", incident.title), format!("/incidents/{}", incident.id))
            } else {
                let titles = critical.iter().map(|i| i.title.as_str()).collect::<Vec<_>>().join("; ");
                (
                    capitalised(&format!("{} open critical incidents{caps}: {titles}", number(critical.len() as u32))),
                    format!("/incidents?org={}&sev=critical", org.info.slug),
                )
            };
            line(0, 0.0, Standing::Off, text, String::new(), href);
        } else if let n @ 1.. = org.withdrawn(l.viewer).count() {
            let what = if n == 1 { "A critical incident that was open is".to_owned() } else { format!("{n} critical incidents that were open are") };
            let bound = words::bound(score).map_or_else(String::new, |bound| format!("; {bound}"));
            line(0, 1.0, standing, format!("{what} no longer shown to you{bound}"), words::at_most(score), path);
        } else if matches!(l.freshness(org), Freshness::Stale | Freshness::Silent) {
            let since = l.last_data(org).map_or_else(String::new, Timestamp::human);
            let note = score.total.last.map_or_else(String::new, |s| format!("was {s:.0}"));
            // A silent score below the index still holds it down; one above it has simply left.
            let holds = index.value.zip(score.total.last).is_some_and(|(index, last)| last < index);
            let index = if holds { "still holds the index down by its last score" } else { "out of the index" };
            line(1, 0.0, Standing::Stale, format!("No data since {since}, {index}"), if note.is_empty() { "no score".into() } else { note }, path);
        } else if let (Standing::Off, Some(bound)) = (standing, words::bound(score)) {
            line(
                2,
                score.total.value.unwrap_or(0.0),
                Standing::Off,
                format!("Does not share all of its incidents with you; {bound}"),
                words::at_most(score),
                path,
            );
        } else if standing == Standing::Off {
            let (metric, text) = worst_metric(l, org).map_or((None, "below the watch threshold".to_owned()), |(m, t)| (Some(m), t));
            let href = metric.map_or_else(|| path.clone(), |m| format!("{path}/metrics/{m}"));
            line(2, score.total.value.unwrap_or(0.0), Standing::Off, capitalised(&text), String::new(), href);
        } else if let Some(incident) = org.open_for(l.sight()).find(|i| i.severity == Severity::High && l.now.since(i.opened_at) < 14 * DAY) {
            let age = duration(l.now.since(incident.opened_at));
            line(
                3,
                0.0,
                Standing::Watch,
                format!("High-severity incident open for {age}: {}", incident.title),
                String::new(),
                format!("/incidents/{}", incident.id),
            );
        } else if change.is_some_and(|c| c <= -5.0) {
            let text = worst_metric(l, org).map_or_else(|| "Losing points".to_owned(), |(_, t)| t);
            line(4, change.unwrap_or(0.0), standing, capitalised(&text), String::new(), path);
        } else if l.freshness(org).counts() && score.total.coverage < 0.5 {
            let text = format!("Only {:.0} % of its values are current", score.total.coverage * 100.0);
            line(5, 0.0, Standing::Watch, text, String::new(), path);
        } else if l.freshness(org) == Freshness::Never {
            line(6, 0.0, Standing::Stale, "Has not reported yet".into(), "no score".into(), path);
        }
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then_with(|| a.2.org.name.cmp(&b.2.org.name)));
    let more = lines.len().saturating_sub(LINES);
    (lines.into_iter().map(|l| l.2).take(LINES).collect(), more as u32)
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
