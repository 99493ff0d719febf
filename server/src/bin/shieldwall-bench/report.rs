//! Prints figures, each with its target where there is one.

use crate::{ALLIANCES, SMALL, data::Plan, load, machine::Facts, pages::Page, streams};
use hdrhistogram::Histogram;
use std::time::Duration;

/// One figure.
fn line(name: &str, value: &str, target: Option<(&str, bool)>) {
    match target {
        None => println!("  {name:<44} {value}"),
        Some((target, met)) => println!("  {name:<44} {value:<28} target {target}: {}", if met { "met" } else { "MISSED" }),
    }
}

fn title(text: &str) {
    println!("\n{text}");
}

/// Whole numbers in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|g| std::str::from_utf8(g).ok()).collect();
    groups.join(" ")
}

fn ms(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1_000.0)
}

fn cores(busy: Duration, period: Duration) -> String {
    format!("{:.2}", busy.as_secs_f64() / period.as_secs_f64())
}

fn p(histogram: &Histogram<u64>, percent: f64) -> u64 {
    histogram.value_at_percentile(percent)
}

/// The machine and what it costs to be durable on it.
pub fn machine(facts: &Facts) {
    println!("shieldwall-bench {}", env!("CARGO_PKG_VERSION"));
    line("processor", &format!("{} cores, {}", facts.cores, facts.processor), None);
    line("memory, kernel", &format!("{}, {}", facts.memory, facts.kernel), None);
    line("4 KiB written and synced, p50 / p99", &format!("{} / {}", ms(p(&facts.sync, 50.0)), ms(p(&facts.sync, 99.0))), None);
}

/// The yardstick for pushes.
pub fn parsing(f: &load::Figures, clients: usize) {
    title(&format!("Parsing only: a bare axum handler, {clients} clients, the same body of {} bytes", f.body_bytes));
    line("answered", &format!("{} /s", grouped(f.pushes_per_second())), None);
    refusals(f);
}

/// Pushes acknowledged.
pub fn pushes(f: &load::Figures, first: &load::Round, clients: usize, plan: &Plan) {
    title(&format!(
        "Pushes: {clients} clients, 100 items ({} bytes) a push, {} organisations, {} samples before",
        f.body_bytes,
        plan.organisations,
        grouped(plan.samples as f64)
    ));
    let rate = first.pushes as f64 / first.took.as_secs_f64();
    line("before: one push each, which makes the series", &format!("{} /s", grouped(rate)), None);
    let rate = f.pushes_per_second();
    line("pushes acknowledged", &format!("{} /s", grouped(rate)), Some(("≥ 1 000 /s", rate >= 1_000.0)));
    line("items acknowledged", &format!("{} /s", grouped(f.items_per_second())), Some(("≥ 100 000 /s", f.items_per_second() >= 100_000.0)));
    let p99 = p(&f.latency, 99.0);
    line("acknowledgement p50 / p99", &format!("{} / {}", ms(p(&f.latency, 50.0)), ms(p99)), Some(("p99 ≤ 50 ms", p99 <= 50_000)));
    line("cores used by the server / by the clients", &format!("{} / {}", cores(f.server_busy, f.period), cores(f.own_busy, f.period)), None);
    refusals(f);
}

fn refusals(f: &load::Figures) {
    if let Some(first) = &f.first_refusal {
        line("REFUSED", &format!("{}, the first with {first}", f.refused), None);
    }
}

/// From a push to an event.
pub fn streams(f: &streams::Figures) {
    let streams::Scene { viewers, rate, target } = f.scene;
    title(&format!("Streams: {} viewers, {rate} pushes/s of 100 items, {} organisations", grouped(viewers as f64), ALLIANCES[1]));
    let (p50, p95, p99) = (p(&f.latency, 50.0), p(&f.latency, 95.0), p(&f.latency, 99.0));
    line("push → event p50 / p95 / p99", &format!("{} / {} / {}", ms(p50), ms(p95), ms(p99)), Some((&format!("p95 ≤ {target} ms"), p95 <= target * 1_000)));
    let acknowledged = p(&f.acknowledged, 95.0);
    let wanted = (rate == streams::BUSY.rate).then_some(("p95 ≤ 15 ms", acknowledged <= 15_000));
    line("acknowledgement p50 / p95", &format!("{} / {}", ms(p(&f.acknowledged, 50.0)), ms(acknowledged)), wanted);
    line(
        "events that arrived, of those expected",
        &format!("{} of {}", grouped(f.latency.len() as f64), grouped(f.expected as f64)),
        Some(("all", f.latency.len() == f.expected)),
    );
    line("cores used by the server", &cores(f.server_busy, f.period), None);
    let (before, after) = f.memory;
    line("memory of the server, before and with them", &format!("{} / {} MiB", before >> 20, after >> 20), None);
    if viewers >= 1_000 {
        let each = after.saturating_sub(before) as f64 / viewers as f64 / 1_024.0;
        line("memory a viewer", &format!("{each:.0} KiB"), Some(("≤ 40 KiB", each <= 40.0)));
    }
}

/// The yardstick of the database: the same rows and nothing else.
pub fn rows(per_second: &[(usize, f64)]) {
    title("Rows only: bare batch inserts of such samples in key order, each batch synced");
    for (rows, rate) in per_second {
        line(&format!("{} rows a transaction", grouped(*rows as f64)), &format!("{} rows/s", grouped(*rate)), None);
    }
}

/// Time to first byte on one database.
pub fn pages(pages: &[Page], plan: &Plan, loaded_per_second: Option<f64>) {
    title(&format!("Pages: {} organisations, {} samples", plan.organisations, grouped(plan.samples as f64)));
    if let Some(rate) = loaded_per_second {
        line("loaded in bulk before", &format!("{} samples/s", grouped(rate)), None);
    }
    for page in pages {
        let p99 = p(&page.idle, 99.0);
        let target = (page.name == "/" && plan.organisations == ALLIANCES[1]).then_some(("p99 ≤ 10 ms", p99 <= 10_000));
        line(&format!("{} first byte p50 / p99", page.name), &format!("{} / {}", ms(p(&page.idle, 50.0)), ms(p99)), target);
        line("  right after a push p50 / p99", &format!("{} / {}", ms(p(&page.changed, 50.0)), ms(p(&page.changed, 99.0))), None);
        line("  once more after that p50 / p99", &format!("{} / {}", ms(p(&page.again, 50.0)), ms(p(&page.again, 99.0))), None);
        line("  bytes sent", &grouped(page.bytes as f64), None);
    }
}

/// How much slower pages are with more history, by organisations, small and large.
pub fn growth(all: &[(usize, Vec<Page>, Vec<Page>)], samples: usize) {
    if all.is_empty() {
        return;
    }
    title(&format!("Pages with {} samples against {}, p50 of the first byte, both asked in turn", grouped(samples as f64), grouped(SMALL as f64)));
    for (organisations, small, large) in all {
        for (large, small) in large.iter().zip(small) {
            let ratio = |of: fn(&Page) -> &Histogram<u64>| p(of(large), 50.0) as f64 / p(of(small), 50.0).max(1) as f64;
            let (idle, changed, again) = (ratio(|p| &p.idle), ratio(|p| &p.changed), ratio(|p| &p.again));
            let target = (large.name == "/").then_some(("≤ 1.20", idle <= 1.2 && changed <= 1.2));
            let name = format!("{}, {organisations} organisations", large.name);
            line(&name, &format!("{idle:.2} × (after a push {changed:.2} ×, then {again:.2} ×)"), target);
        }
    }
}
