//! Two years of incidents with their revisions and events: about six a week, a phishing wave, and the few that are open now.

use super::{
    cast::{PARTNERS, Story},
    chance::{normal, pick, rng, weighted},
    history::{DAYS, end},
    words::{self, KINDS, Kind, PHISHING},
};
use domain::{DAY, HOUR, MINUTE, Severity, Timestamp, Tlp};
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

const A_WEEK: f64 = 6.0;
/// When the wave was at its height, and how many mails became incidents.
const WAVE_AGO: i64 = 49 * DAY;
const WAVE: usize = 30;
/// Events are kept 400 days; older ones would go at once.
const EVENTS_FROM: i64 = 395 * DAY;

/// What one partner reports.
#[derive(Default)]
pub struct Reports {
    /// Incidents by revision: the first reports, then what changed, and so on.
    pub revisions: [Vec<Value>; 4],
    pub events: Vec<Value>,
}

/// The incidents of all partners, in their order.
pub fn reports(now: Timestamp) -> Vec<Reports> {
    let mut out: Vec<Reports> = PARTNERS.iter().map(|_| Reports::default()).collect();
    let mut rng = rng("incidents", 0);
    let likely = PARTNERS.each_ref().map(|p| p.weight * if p.story == Story::WeakResponse { 2.5 } else { 1.0 });
    for _ in 0..(DAYS as f64 / 7.0 * A_WEEK) as usize {
        let no = weighted(&mut rng, &likely);
        let kind = words::kind(&mut rng);
        let opened = end(no, PARTNERS[no].story, now).plus(-(rng.random::<f64>() * (DAYS * DAY) as f64) as i64 - HOUR);
        drawn(&mut rng, &mut out[no], no, kind, opened, now);
    }
    for _ in 0..WAVE {
        let no = weighted(&mut rng, &likely);
        let opened = now.plus(-WAVE_AGO + (normal(&mut rng) * 2.2 * DAY as f64) as i64);
        drawn(&mut rng, &mut out[no], no, &KINDS[PHISHING], opened, now);
    }
    for one in &OPEN {
        if let Some(no) = PARTNERS.iter().position(|p| p.slug == one.org) {
            open(&mut rng, &mut out[no], one, end(no, PARTNERS[no].story, now), now);
        }
    }
    out
}

/// One incident with everything that happened to it.
struct Life<'a> {
    id: String,
    title: String,
    description: &'a str,
    kind: &'a Kind,
    severity: Severity,
    tlp: Tlp,
    recipients: Vec<&'static str>,
    opened: Timestamp,
    /// Where it has ended.
    closed: Option<Timestamp>,
    owner: &'static str,
}

fn drawn(rng: &mut StdRng, out: &mut Reports, no: usize, kind: &Kind, opened: Timestamp, now: Timestamp) {
    let last = end(no, PARTNERS[no].story, now);
    let severity = words::severity(rng);
    let tlp = words::tlp(rng);
    let hours = [30.0, 60.0, 110.0, 80.0, 30.0][severity.code() as usize];
    let slow = match PARTNERS[no].story {
        Story::WeakResponse => 2.4,
        Story::Strong => 0.6,
        _ => 1.0,
    };
    let takes = (hours * slow * words::spread(rng) * HOUR as f64) as i64;
    let closed = match opened.plus(takes) {
        t if t < last => Some(t),
        // What is open now and weighs is told in `OPEN`, so that the first page has a story and not an accident.
        _ if severity <= Severity::High => Some(opened.plus(last.since(opened) * 3 / 5)),
        _ => None,
    };
    let life = Life {
        id: words::id("INC", opened),
        title: words::title(rng, kind),
        description: "Found by monitoring, triaged by the security team.",
        kind,
        severity,
        tlp,
        recipients: recipients(rng, no, tlp),
        opened,
        closed,
        owner: pick(rng, &words::OWNERS),
    };
    revise(rng, out, &life, last, now);
    events(rng, out, &life, last, now);
}

/// Whom a marked record names.
pub fn recipients(rng: &mut StdRng, no: usize, tlp: Tlp) -> Vec<&'static str> {
    let names = if tlp.reaches_everyone() { 0 } else { rng.random_range(1..=4) };
    let mut out: Vec<&str> = (0..names).map(|_| rng.random_range(0..PARTNERS.len())).filter(|other| *other != no).map(|other| PARTNERS[other].slug).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// The reports of an incident over time: new, in progress, resolved, closed.
fn revise(rng: &mut StdRng, out: &mut Reports, life: &Life<'_>, last: Timestamp, now: Timestamp) {
    let report = |status: &str, at: Timestamp| {
        let mut item = json!({
            "external_id": life.id, "title": life.title, "severity": life.severity.name(), "status": status, "tlp": life.tlp.name(),
            "class": life.kind.class, "description": life.description, "owner": life.owner,
            "opened_at": life.opened.rfc3339(), "updated_at": at.rfc3339(), "recipients": life.recipients,
        });
        if let (Some(closed), true) = (life.closed, matches!(status, "resolved" | "closed")) {
            item["closed_at"] = closed.rfc3339().into();
        }
        item
    };
    let until = life.closed.unwrap_or(last);
    let begun = life.opened.plus((until.since(life.opened) as f64 * rng.random_range(0.05..0.35)) as i64);
    out.revisions[0].push(report("new", life.opened.plus(4 * MINUTE).min(until)));
    // Old ones go from new to closed: their middle interests nobody any more.
    let recent = now.since(life.opened) < 120 * DAY;
    if recent || life.closed.is_none() {
        out.revisions[1].push(report(if life.closed.is_none() && rng.random_bool(0.15) { "on_hold" } else { "in_progress" }, begun));
    }
    let Some(closed) = life.closed else { return };
    let reviewed = closed.plus(rng.random_range(1..5) * DAY);
    if recent {
        out.revisions[2].push(report("resolved", closed));
    }
    if reviewed < last {
        out.revisions[3].push(report("closed", reviewed));
    } else if !recent {
        out.revisions[3].push(report("closed", closed));
    }
}

fn events(rng: &mut StdRng, out: &mut Reports, life: &Life<'_>, last: Timestamp, now: Timestamp) {
    if now.since(life.opened) > EVENTS_FROM {
        return;
    }
    let n = if life.severity <= Severity::High { rng.random_range(3..=6) } else { rng.random_range(1..=3) };
    let span = life.closed.unwrap_or(last).since(life.opened);
    for i in 0..n {
        let offset = if i == 0 { -rng.random_range(2 * MINUTE..3 * HOUR) } else { (span as f64 * rng.random_range(0.0..0.5)) as i64 };
        let at = life.opened.plus(offset).min(last);
        out.events.push(json!({
            "external_id": format!("{}-{i}", words::id("EV", at)), "title": pick(rng, life.kind.signs), "kind": pick(rng, &["alert", "alert", "detection"]),
            "severity": if i == 0 { life.severity.name() } else { "low" }, "tlp": life.tlp.name(), "recipients": life.recipients,
            "observed_at": at.rfc3339(), "incident": life.id, "attributes": words::attributes(rng),
        }));
    }
}

/// An incident that is open now.
struct Open {
    org: &'static str,
    title: &'static str,
    description: &'static str,
    class: &'static str,
    severity: Severity,
    tlp: Tlp,
    recipients: &'static [&'static str],
    hours_ago: i64,
}

const OPEN: [Open; 3] = [
    Open {
        org: "osterby-freight",
        title: "Intruder on two file servers after an unpatched VPN gateway",
        description: "The gateway's update was three weeks overdue. Two file servers are cut off, backups are intact, encryption was not started.",
        class: "intrusions/system-compromise",
        severity: Severity::Critical,
        tlp: Tlp::Green,
        recipients: &[],
        hours_ago: 31,
    },
    Open {
        org: "quillon-bank",
        title: "Credential theft against treasury staff",
        description: "Look-alike sign-in page, four accounts reset. The same sender wrote to two partners.",
        class: "fraud/phishing",
        severity: Severity::High,
        tlp: Tlp::Amber,
        recipients: &["fenwick-power", "osterby-freight"],
        hours_ago: 9,
    },
    Open {
        org: "marrow-vale",
        title: "Web shell on the permits portal",
        description: "The portal is offline until its server is rebuilt. No sign of access to personal data.",
        class: "intrusions/application-compromise",
        severity: Severity::High,
        tlp: Tlp::Green,
        recipients: &[],
        hours_ago: 77,
    },
];

fn open(rng: &mut StdRng, out: &mut Reports, one: &Open, last: Timestamp, now: Timestamp) {
    let opened = now.plus(-one.hours_ago * HOUR);
    let kind = KINDS.iter().find(|k| k.class == one.class).unwrap_or(&KINDS[8]);
    let life = Life {
        id: words::id("INC", opened),
        title: one.title.to_owned(),
        description: one.description,
        kind: &Kind { class: one.class, often: 0.0, titles: &[], signs: kind.signs },
        severity: one.severity,
        tlp: one.tlp,
        recipients: one.recipients.to_vec(),
        opened,
        closed: None,
        owner: "Response team",
    };
    revise(rng, out, &life, last, now);
    events(rng, out, &life, last, now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reports_after_it_last_spoke() {
        let now = Timestamp::parse("2026-05-01T12:00:00Z").unwrap();
        let all = reports(now);
        for (no, one) in all.iter().enumerate() {
            let last = end(no, PARTNERS[no].story, now);
            let moments = one.revisions.iter().flatten().map(|i| &i["updated_at"]).chain(one.events.iter().map(|e| &e["observed_at"]));
            assert!(moments.into_iter().all(|t| Timestamp::parse(t.as_str().unwrap()).unwrap() <= last), "{}", PARTNERS[no].slug);
        }
        let first: usize = all.iter().map(|r| r.revisions[0].len()).sum();
        assert!((600..700).contains(&first), "{first}");
    }

    #[test]
    fn only_the_told_ones_are_open_and_serious() {
        let now = Timestamp::parse("2026-05-01T12:00:00Z").unwrap();
        let mut open = 0;
        for one in reports(now) {
            let mut newest = std::collections::HashMap::new();
            for item in one.revisions.iter().flatten() {
                newest.insert(item["external_id"].as_str().unwrap().to_owned(), item);
            }
            open += newest
                .values()
                .filter(|i| {
                    matches!(i["severity"].as_str(), Some("critical" | "high")) && matches!(i["status"].as_str(), Some("new" | "in_progress" | "on_hold"))
                })
                .count();
        }
        assert_eq!(open, OPEN.len());
    }
}
