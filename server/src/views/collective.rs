//! `/`: the collective page.

mod attention;
mod past;
mod records;

use super::{Looking, seen::Seen, words};
use crate::{
    charts::{self, SparkOptions},
    live::{board::OrgState, hiding::Parts},
};
use app::api::Answer;
use attention::capitalised;
use domain::{
    DataClass, Freshness, Severity, Tlp,
    catalogue::Domain,
    points,
    scoring::Score,
    verdict::{Facts, Standing, Verdict, number},
    view::*,
};
use past::Past;
use std::cmp::Ordering;

/// Organisations shown as small multiples.
const CARDS: usize = 24;

/// The collective posture, as one viewer may see it.
///
/// # Errors
/// When the database cannot be read.
pub async fn collective(l: &Looking) -> Answer<Collective> {
    let policy = &l.board.policy;
    let seen: Vec<Seen<'_>> = l.seen().collect();
    let parts = l.board.parts(l.viewer, l.now);
    let (index, floor) = (parts.index(), parts.floor());
    let mut coverage = Coverage { hidden: l.board.unnamed_to(l.viewer), ..Coverage::default() };
    seen.iter().for_each(|s| coverage.count(s.freshness));
    let past = past::past(l).await?;
    let month_ago = past.index.len().checked_sub(30).and_then(|i| past.index[i]);
    let stand = |standing| seen.iter().filter(move |s| s.standing == standing);
    let (off, below) = (stand(Standing::Off).count() as u32, stand(Standing::Watch).count() as u32);
    // Those whose score would not be off target without a critical incident.
    let perhaps =
        |s: &Seen<'_>| s.score.at_most.is_some_and(|most| Standing::of(Some(most), Freshness::Fresh, policy.on_target, policy.watch) != Standing::Off);
    let perhaps_off = stand(Standing::Off).filter(|s| perhaps(s)).count() as u32;
    let incidents = records::incidents(l).await?;
    let indicators = records::indicators(l).await?;
    let domains = Domain::ALL.map(|d| domain_row(l, &parts, d, &past)).to_vec();
    let index_stands = floor.map(|v| Standing::of(Some(v), Freshness::Fresh, policy.on_target, policy.watch));
    let detail = story(l, &seen, &parts, month_ago.as_ref(), &domains);
    let mut highest: Vec<Tlp> = indicators.by_tlp.iter().map(|i| i.tlp).collect();
    highest.extend(seen.iter().flat_map(|s| s.org.open_for(l.sight())).map(|i| i.tlp));
    let mut weakest: Vec<_> = seen.iter().filter_map(|s| Some((s.org, s.counted()?))).collect();
    weakest.sort_by(|a, b| a.1.total_cmp(&b.1));
    let weakest = weakest.into_iter().take(3).map(|(o, score)| (words::org_ref(o), score)).collect();
    let (attention, attention_more) = attention::attention(l, &seen, &index);
    let mut ranked: Vec<_> = seen.iter().collect();
    ranked.sort_by(|a, b| worst_first(a, b));
    let mut cards: Vec<OrgCard> = Vec::with_capacity(CARDS);
    for seen in ranked.into_iter().take(CARDS) {
        cards.push(card(l, seen).await);
    }
    if seen.len() <= CARDS {
        // All fit: the strong first, as a ranking reads.
        cards.reverse();
        cards.sort_by_key(|c| c.score.is_none());
    }
    Ok(Collective {
        as_of: l.now,
        policy_version: policy.version,
        verdict: Verdict::of(
            Facts {
                coverage,
                off,
                perhaps_off,
                below,
                open_critical: incidents.critical.open,
                withdrawn_critical: incidents.critical.withdrawn,
                incidents_hidden: incidents.critical.not_shared,
                index: index_stands,
                unknown: 1.0 - index.coverage,
            },
            detail,
        ),
        alert: l.board.alert,
        index: Index {
            score: index.value,
            floor,
            low: index.low,
            high: index.high,
            held: index.held,
            change: points::change(index.value, month_ago.and_then(|s| s.value)),
            history: index_history(&past.index, &index),
            weakest,
        },
        coverage,
        critical: incidents.critical,
        open_incidents: incidents.open,
        open_partial: l.board.partial_to(l.viewer, DataClass::Incidents) > 0 || incidents.critical.withdrawn > 0,
        attention,
        attention_more,
        domains,
        orgs: cards,
        orgs_total: seen.len() as u32,
        incidents: incidents.flow.clone(),
        incident_totals: words::records_in_totals(l, DataClass::Incidents),
        indicator_totals: words::records_in_totals(l, DataClass::Indicators),
        indicators_total: indicators.total,
        indicators_partial: l.board.partial_to(l.viewer, DataClass::Indicators) > 0,
        indicators: indicators.by_tlp.clone(),
        indicators_shared: indicators.shared,
        indicators_shared_things: indicators.shared_things,
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

async fn card(l: &Looking, seen: &Seen<'_>) -> OrgCard {
    let (org, total) = (seen.org, &seen.score.total);
    let points = words::history(l, org, 90, |d| org.day_score(d, &l.board.policy, l.sight()).value, total.value);
    OrgCard {
        org: words::org_ref(org),
        score: seen.counted(),
        at_most: seen.at_most(),
        hidden: words::hidden(l, org),
        last: total.last,
        standing: seen.standing,
        freshness: seen.freshness,
        seen: seen.last_data,
        change: points::change(total.value, seen.month_ago(l).and_then(|s| s.value)),
        history: l.sparkline(&points, (40.0, 100.0)).await,
    }
}

fn worst_first(a: &Seen<'_>, b: &Seen<'_>) -> Ordering {
    let rank = |seen: &Seen<'_>| match seen.standing {
        Standing::Off => 0,
        Standing::Stale => 1,
        Standing::Watch => 2,
        Standing::Good => 3,
    };
    let score = |seen: &Seen<'_>| seen.counted().unwrap_or(f64::MAX);
    rank(a).cmp(&rank(b)).then_with(|| score(a).total_cmp(&score(b))).then_with(|| a.org.info.name.cmp(&b.org.info.name))
}

fn domain_row(l: &Looking, parts: &Parts, domain: Domain, past: &Past) -> DomainRow {
    let d = domain.index();
    let (now, floor) = parts.domain(d);
    let mut points = past.domains[d].clone();
    let before = points.len().checked_sub(30).and_then(|i| points[i]);
    points.push(now.value);
    let (low, high) = range(&points);
    DomainRow {
        domain,
        score: now.value,
        floor,
        target: l.board.policy.domain(domain).target,
        change: points::change(now.value, before),
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
fn story(l: &Looking, seen: &[Seen<'_>], parts: &Parts, before: Option<&Score>, domains: &[DomainRow]) -> String {
    let index = parts.index();
    let mut sentences = Vec::new();
    let fallen = domains.iter().filter_map(|d| Some((d, d.change?))).min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, c)| *c <= -2.0);
    if let Some((row, points)) = fallen {
        let d = row.domain.index();
        let day = l.now.day() - 30;
        let behind = seen
            .iter()
            .filter_map(|seen| {
                let then = seen.org.day_row(l.sight(), day)?.domains[d]?;
                Some((seen.org, (seen.score.domains[d].value? - then) * seen.org.info.weight))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, points)| *points < -1.0);
        let mostly = behind.map_or_else(String::new, |(o, _)| format!(", most of all at {}", o.info.name));
        sentences.push(format!("{} slipped {:.1} points in 30 days{mostly}.", row.domain.title(), -points));
    } else if let Some(change) = points::change(index.value, before.and_then(|b| b.value)).filter(|change| *change >= 1.0) {
        sentences.push(format!("The index rose {change:.1} points in 30 days."));
    }
    let capped: Vec<_> = seen.iter().filter(|seen| seen.score.uncapped.is_some()).collect();
    if let (Some(value), false) = (index.value, capped.is_empty()) {
        let without = l.board.parts_without(l.viewer, l.now, |score| score.uncapped.is_some()).index();
        if let Some(without) = without.value.filter(|w| w.round() > value.round()) {
            let names = capped.iter().take(2).map(|seen| seen.org.info.name.as_str()).collect::<Vec<_>>().join(" and ");
            // Of one organisation, all that are open cap it, not one of them.
            let critical = |org: &OrgState| org.open_for(l.sight()).filter(|i| i.severity == Severity::Critical).count() as u32;
            let (what, verb, its) = match capped.as_slice() {
                [seen] if critical(seen.org) > 1 => {
                    (format!("{} open critical incidents at", capitalised(&number(critical(seen.org)))), "cap its score", "them")
                }
                [_] => ("An open critical incident at".to_owned(), "caps its score", "it"),
                _ => ("Open critical incidents at".to_owned(), "cap their scores", "them"),
            };
            sentences.push(format!("{what} {names} {verb}; without {its} the index would stand at {without:.0}."));
        }
    }
    sentences.extend(words::no_longer_shared_words(words::no_longer_shared(l)));
    match words::unshared(l) {
        0 => {}
        1 => sentences.push("One organisation does not share its posture with you; in the index it is unknown, 0 to 100.".into()),
        n => sentences.push(format!("{n} organisations do not share their posture with you; in the index they are unknown, 0 to 100.")),
    }
    sentences.extend(words::totals_only(l));
    if index.held {
        sentences.push("Organisations below the mean that are silent, or no longer shared, still hold it down by their last score.".into());
    }
    sentences.join(" ")
}
