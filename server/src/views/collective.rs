//! `/`: the collective page.

use super::{Looking, from_store, words};
use crate::{
    charts::{self, SparkOptions},
    live::board::{OrgState, collective_day, day_score},
};
use app::api::Answer;
use domain::{
    DAY, Freshness, Severity, Timestamp, Tlp,
    catalogue::Domain,
    query::PageQuery,
    scoring::{OrgScore, Reading, Score, collective as mean, metric_score},
    timestamp::duration,
    verdict::{Facts, Standing, Verdict},
    view::*,
};
use std::sync::Arc;

/// Days of the index's history.
const HISTORY: i64 = 90;
/// Organisations shown as small multiples.
const CARDS: usize = 24;
/// Lines of the needs-attention list.
const ATTENTION: usize = 8;

type Seen<'a> = Vec<(&'a Arc<OrgState>, OrgScore)>;

/// The collective posture, as one viewer may see it.
///
/// # Errors
/// When the database cannot be read.
pub async fn collective(l: &Looking, query: &PageQuery) -> Answer<Collective> {
    let policy = &l.board.policy;
    let seen: Seen<'_> = l.board.seen_by(l.viewer).collect();
    let index = mean(seen.iter().map(|(o, s)| (o.info.weight, &s.total)));
    let mut coverage = Coverage::default();
    seen.iter().for_each(|(o, _)| coverage.count(o.freshness));
    let today = l.now.day();
    let days: Vec<Option<Score>> = (today - HISTORY + 1..today).map(|d| collective_day(&l.board, l.viewer, d)).collect();
    let month_ago = days.len().checked_sub(30).and_then(|i| days[i]);

    let mut cards: Vec<OrgCard> = seen.iter().map(|(o, s)| card(l, o, s)).collect();
    cards.sort_by(worst_first);
    let off = cards.iter().filter(|c| c.standing == Standing::Off).count() as u32;
    let open = l.reads().critical_at(l.now).await.map_err(from_store(l.now))?;
    let week_ago = l.reads().critical_at(l.now.plus(-7 * DAY)).await.map_err(from_store(l.now))?;
    let domains = Domain::ALL.map(|d| domain_row(l, &seen, d)).to_vec();
    let index_off = index.value.is_some_and(|v| v.round() < policy.watch);
    let detail = story(l, &seen, &index, month_ago.as_ref(), &domains);
    let flow = flow(l, query).await?;
    let (indicators, kinds) = l.reads().indicator_totals(None).await.map_err(from_store(l.now))?;
    let shared = l.reads().indicators_shared().await.map_err(from_store(l.now))?;
    let mut highest: Vec<Tlp> = indicators.iter().map(|i| i.tlp).collect();
    highest.extend(seen.iter().flat_map(|(o, _)| o.open_for(l.viewer)).map(|i| i.tlp));
    let mut weakest: Vec<_> = cards.iter().filter_map(|c| Some((c.org.clone(), c.score?))).collect();
    weakest.sort_by(|a, b| a.1.total_cmp(&b.1));
    weakest.truncate(3);
    let attention = attention(l, &seen, &index);
    let orgs_total = cards.len() as u32;
    cards.truncate(CARDS);
    if orgs_total as usize <= CARDS {
        // All fit: the strong first, as a ranking reads.
        cards.reverse();
        cards.sort_by_key(|c| c.score.is_none());
    }
    Ok(Collective {
        as_of: l.now,
        policy_version: policy.version,
        verdict: Verdict::of(Facts { coverage, off, open_critical: open, index_off }, detail),
        index: Index {
            score: index.value,
            low: index.low,
            high: index.high,
            held: index.held,
            change: words::change(index.value, month_ago.and_then(|s| s.value)),
            history: index_history(&days, &index),
            weakest,
        },
        coverage,
        critical: OpenCritical { open, change: open as i32 - week_ago as i32 },
        attention,
        domains,
        orgs: cards,
        orgs_total,
        incidents: flow,
        indicators_total: kinds.iter().map(|k| k.count).sum(),
        indicators,
        indicators_shared: shared,
        highest_tlp: words::highest(&highest),
    })
}

/// The index and its band on one scale that shows both.
fn index_history(days: &[Option<Score>], now: &Score) -> Sparkline {
    let all: Vec<Option<Score>> = days.iter().copied().chain([now.value.map(|_| *now)]).collect();
    let values: Vec<Option<f64>> = all.iter().map(|s| s.and_then(|s| s.value)).collect();
    let known: Vec<&Score> = all.iter().flatten().collect();
    if known.is_empty() {
        return String::new();
    }
    let low = known.iter().map(|s| s.low).fold(100.0, f64::min).max(known.iter().filter_map(|s| s.value).fold(100.0, f64::min) - 25.0);
    let high = known.iter().map(|s| s.high).fold(0.0, f64::max).min(known.iter().filter_map(|s| s.value).fold(0.0, f64::max) + 25.0);
    let band: Vec<(f64, f64)> = all.iter().map(|s| s.map_or((f64::NAN, f64::NAN), |s| (s.low.max(low), s.high.min(high)))).collect();
    charts::sparkline(&values, (low.floor() - 1.0, high.ceil() + 1.0), SparkOptions { band: Some(&band) })
}

fn card(l: &Looking, org: &OrgState, score: &OrgScore) -> OrgCard {
    let before = org.day_for(&l.board.policy, l.viewer, l.now.day() - 30);
    let points = words::history(l, org, 90, |d| day_score(d, &l.board.policy, l.viewer).value, score.total.value);
    OrgCard {
        org: words::org_ref(org),
        score: score.total.value.filter(|_| org.freshness.counts()),
        last: score.total.last,
        standing: org.standing(&l.board.policy, &score.total),
        freshness: org.freshness,
        seen: org.info.last_data_at,
        change: words::change(score.total.value, before.and_then(|s| s.value)),
        history: charts::sparkline(&points, (40.0, 100.0), SparkOptions::default()),
    }
}

fn worst_first(a: &OrgCard, b: &OrgCard) -> std::cmp::Ordering {
    let rank = |c: &OrgCard| match c.standing {
        Standing::Off => 0,
        Standing::Stale => 1,
        Standing::Watch => 2,
        Standing::Good => 3,
    };
    let by_score = a.score.unwrap_or(f64::MAX).total_cmp(&b.score.unwrap_or(f64::MAX));
    rank(a).cmp(&rank(b)).then(by_score).then_with(|| a.org.name.cmp(&b.org.name))
}

fn domain_row(l: &Looking, seen: &Seen<'_>, domain: Domain) -> DomainRow {
    let d = domain.index();
    let now = mean(seen.iter().map(|(o, s)| (o.info.weight, &s.domains[d])));
    let today = l.now.day();
    let past = |day: i64| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for (o, _) in seen {
            let row = o.days.binary_search_by_key(&day, |r| r.day).ok().map(|i| &o.days[i]);
            if let Some(score) = row.and_then(|r| r.domains[d]) {
                sum += score * o.info.weight;
                weight += o.info.weight;
            }
        }
        (weight > 0.0).then(|| sum / weight)
    };
    let mut points: Vec<Option<f64>> = (today - HISTORY + 1..today).map(past).collect();
    let before = points.len().checked_sub(30).and_then(|i| points[i]);
    points.push(now.value);
    let (low, high) = range(&points);
    DomainRow {
        domain,
        score: now.value,
        target: l.board.policy.domain(domain).target,
        change: words::change(now.value, before),
        history: charts::sparkline(&points, (low, high), SparkOptions::default()),
        coverage: now.coverage,
    }
}

/// A scale of at least 16 points around what there is, so that noise does not look like a crash.
fn range(points: &[Option<f64>]) -> (f64, f64) {
    let known: Vec<f64> = points.iter().flatten().copied().collect();
    let low = known.iter().copied().fold(100.0, f64::min);
    let high = known.iter().copied().fold(0.0, f64::max);
    let slack = ((16.0 - (high - low)) / 2.0).max(2.0);
    ((low - slack).max(0.0), (high + slack).min(100.0))
}

/// What moved, in a sentence or two: the domain that fell or rose most, the organisation behind it, and what holds the index.
fn story(l: &Looking, seen: &Seen<'_>, index: &Score, before: Option<&Score>, domains: &[DomainRow]) -> String {
    let mut sentences = Vec::new();
    let fallen = domains.iter().filter_map(|d| Some((d, d.change?))).min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, c)| *c <= -2.0);
    if let Some((row, points)) = fallen {
        let d = row.domain.index();
        let day = l.now.day() - 30;
        let behind = seen
            .iter()
            .filter_map(|(o, s)| {
                let then = o.days.binary_search_by_key(&day, |r| r.day).ok().and_then(|i| o.days[i].domains[d])?;
                Some((o, (s.domains[d].value? - then) * o.info.weight))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, points)| *points < -1.0);
        let mostly = behind.map_or_else(String::new, |(o, _)| format!(", most of all at {}", o.info.name));
        sentences.push(format!("{} slipped {} points in 30 days{mostly}.", row.domain.title(), -points));
    } else if let (Some(now), Some(then)) = (index.value, before.and_then(|b| b.value)) {
        let change = now.round() - then.round();
        if change >= 1.0 {
            sentences.push(format!("The index rose {change} points in 30 days."));
        }
    }
    let capped: Vec<_> = seen.iter().filter(|(_, s)| s.uncapped.is_some()).collect();
    if let (Some(value), false) = (index.value, capped.is_empty()) {
        let free: Vec<(f64, OrgScore)> = seen.iter().map(|(o, s)| (o.info.weight, if s.uncapped.is_some() { o.score.clone() } else { s.clone() })).collect();
        let without = mean(free.iter().map(|(w, s)| (*w, &s.total)));
        if let Some(without) = without.value.filter(|w| w.round() > value.round()) {
            let names = capped.iter().take(2).map(|(o, _)| o.info.name.as_str()).collect::<Vec<_>>().join(" and ");
            let (verb, its) = if capped.len() == 1 { ("caps its score", "it") } else { ("cap their scores", "them") };
            let what = if capped.len() == 1 { "An open critical incident at" } else { "Open critical incidents at" };
            sentences.push(format!("{what} {names} {verb}; without {its} the index would stand at {without:.0}."));
        }
    }
    if index.held {
        sentences.push("Silent organisations below the mean still hold it down by their last score.".into());
    }
    sentences.join(" ")
}

fn attention(l: &Looking, seen: &Seen<'_>, index: &Score) -> Vec<Attention> {
    let policy = &l.board.policy;
    let mut lines: Vec<(u8, f64, Attention)> = Vec::new();
    for (org, score) in seen {
        let standing = org.standing(policy, &score.total);
        let before = org.day_for(policy, l.viewer, l.now.day() - 30);
        let change = words::change(score.total.value, before.and_then(|s| s.value)).filter(|c| *c != 0.0);
        let path = format!("/orgs/{}", org.info.slug);
        let mut line = |rank: u8, weight: f64, standing: Standing, text: String, note: String, href: String| {
            lines.push((rank, weight, Attention { org: words::org_ref(org), standing, text, change: if note.is_empty() { change } else { None }, note, href }));
        };
        let critical = org.open_for(l.viewer).find(|i| i.severity == Severity::Critical);
        if let Some(incident) = critical {
            let age = duration(l.now.since(incident.opened_at));
            let caps = if score.uncapped.is_some() { format!(" caps the score at {:.0}", policy.critical_cap) } else { String::new() };
            let worst = worst_metric(l, org).map(|(_, text)| format!("; {text}")).unwrap_or_default();
            line(
                0,
                0.0,
                Standing::Off,
                format!("Critical incident open for {age}{caps}: {}{worst}", incident.title),
                String::new(),
                format!("/incidents/{}", incident.id),
            );
        } else if matches!(org.freshness, Freshness::Stale | Freshness::Silent) {
            let since = org.info.last_data_at.map_or_else(String::new, Timestamp::human);
            let note = score.total.last.map_or_else(String::new, |s| format!("was {s:.0}"));
            // A silent score below the index still holds it down; one above it has simply left.
            let holds = index.value.zip(score.total.last).is_some_and(|(index, last)| last < index);
            let index = if holds { "still holds the index down by its last score" } else { "out of the index" };
            line(1, 0.0, Standing::Stale, format!("No data since {since}, {index}"), if note.is_empty() { "no score".into() } else { note }, path);
        } else if standing == Standing::Off {
            let (metric, text) = worst_metric(l, org).map_or((None, "below the watch threshold".to_owned()), |(m, t)| (Some(m), t));
            let href = metric.map_or_else(|| path.clone(), |m| format!("{path}/metrics/{m}"));
            line(2, score.total.value.unwrap_or(0.0), Standing::Off, capitalised(&text), String::new(), href);
        } else if let Some(incident) = org.open_for(l.viewer).find(|i| i.severity == Severity::High && l.now.since(i.opened_at) < 14 * DAY) {
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
        } else if org.freshness == Freshness::Never {
            line(5, 0.0, Standing::Stale, "Has not reported yet".into(), "no score".into(), path);
        }
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then_with(|| a.2.org.name.cmp(&b.2.org.name)));
    lines.into_iter().map(|l| l.2).take(ATTENTION).collect()
}

/// The current metric that costs the most points, in words.
fn worst_metric(l: &Looking, org: &OrgState) -> Option<(String, String)> {
    let policy = &l.board.policy;
    let lost = |(i, r): (usize, &Option<Reading>)| {
        let r = (*r)?;
        let m = &policy.metrics[i];
        let current = Freshness::at(Some(r.at), org.info.interval, l.now).counts();
        let domain_weight: f64 = policy.of_domain(m.domain).map(|(_, m)| m.weight).sum();
        current.then(|| (m, r.value, (100.0 - metric_score(m, r.value)) * m.weight / domain_weight * policy.domain(m.domain).weight))
    };
    let (metric, value, lost) = org.inputs.readings.iter().enumerate().filter_map(lost).max_by(|a, b| a.2.total_cmp(&b.2))?;
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

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Incidents opened and closed, week by week, over 90 days or the range asked for if that is longer.
async fn flow(l: &Looking, query: &PageQuery) -> Answer<Chart> {
    let asked = query.window(l.now);
    let (to, span) = if asked.days() > 90 { (asked.to, asked.days()) } else { (l.now, 18 * 7) };
    let step = if span <= 366 { 7 * DAY } else { (span / 52).max(7) * DAY };
    let buckets = (span * DAY + step - 1) / step;
    let from = to.plus(-buckets * step);
    let flow = l.reads().incident_flow(from, to, step).await.map_err(from_store(l.now))?;
    let (opened, closed) = flow.iter().fold((0, 0), |(o, c), f| (o + f.opened, c + f.closed));
    let weeks: Vec<(Timestamp, u64, u64)> = flow.iter().enumerate().map(|(i, f)| (from.plus(i as i64 * step), f.opened, f.closed)).collect();
    let takeaway = match opened {
        0 if closed == 0 => "No incidents in this time.".to_owned(),
        _ => format!("{opened} opened and {closed} closed since {}.", from.date()),
    };
    Ok(charts::incident_flow("incidents", &takeaway, &weeks, &query.href("/csv/collective")))
}
