//! Prints figures, each with its target where there is one.

use crate::{ALLIANCES, SMALL, cluster, database::System, flood, load, load::Busy, machine::Facts, pages::Page, rows::Rate, stage::Stage, streams};
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

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Who used how many cores. Only PostgreSQL has processes of its own.
fn cores(busy: Busy, period: Duration, clients: bool) {
    let of = |busy: Duration| format!("{:.2}", busy.as_secs_f64() / period.as_secs_f64());
    let mut used = vec![("hubs", of(busy.hubs))];
    if !busy.database.is_zero() {
        used.push(("database", of(busy.database)));
    }
    if clients {
        used.push(("clients", of(busy.own)));
    }
    let (names, figures): (Vec<_>, Vec<_>) = used.into_iter().unzip();
    line(&format!("cores used by {}", names.join(" / ")), &figures.join(" / "), None);
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

/// What is measured on from here on.
pub fn system(system: &System) {
    if let System::Postgres { cluster, .. } = system {
        title(&cluster.version);
        line("set to", cluster::SETTINGS, None);
    }
}

/// The yardstick for pushes.
pub fn parsing(f: &load::Figures, clients: u16) {
    title(&format!("Parsing only: a bare axum handler, {clients} clients, the same body of {} bytes", f.body_bytes));
    line("answered", &format!("{} /s", grouped(f.pushes_per_second())), None);
    refusals(f);
}

/// Pushes acknowledged.
pub fn pushes(f: &load::Figures, first: &load::Round, stage: &Stage<'_>, clients: usize) {
    title(&format!(
        "Pushes on {}: {clients} clients, 100 items ({} bytes) a push, {} organisations, {} samples before",
        stage.name(),
        f.body_bytes,
        stage.plan.organisations,
        grouped(stage.plan.samples as f64)
    ));
    let rate = first.pushes as f64 / first.took.as_secs_f64();
    line("before: one push each, which makes the series", &format!("{} /s", grouped(rate)), None);
    let rate = f.pushes_per_second();
    line("pushes acknowledged", &format!("{} /s", grouped(rate)), Some(("≥ 1 000 /s", rate >= 1_000.0)));
    line("items acknowledged", &format!("{} /s", grouped(f.items_per_second())), Some(("≥ 100 000 /s", f.items_per_second() >= 100_000.0)));
    let p99 = p(&f.latency, 99.0);
    line("acknowledgement p50 / p99", &format!("{} / {}", ms(p(&f.latency, 50.0)), ms(p99)), Some(("p99 ≤ 50 ms", p99 <= 50_000)));
    cores(f.busy, f.period, true);
    refusals(f);
}

/// Pushes as a share of what the machine could do at all, as far as that was measured.
pub fn shares(f: &load::Figures, raw: &[Rate], parsing: Option<f64>) {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    for rate in raw {
        let share = f.items_per_second() / rate.per_second;
        line(&format!("items, of bare inserts of {} rows", grouped(rate.rows as f64)), &percent(share), Some(("≥ 40 %", share >= 0.4)));
    }
    if let Some(parsing) = parsing {
        line("pushes, of those that are only parsed", &percent(f.pushes_per_second() / parsing), None);
    }
}

/// The most memory that each hub has held until now.
pub fn peaks(stage: &Stage<'_>) {
    let peaks: Vec<_> = stage.peaks().into_iter().map(mebibytes).collect();
    line("most memory of each hub since its start", &peaks.join(" / "), None);
}

fn refusals(f: &load::Figures) {
    if let Some(first) = &f.first_refusal {
        line("REFUSED", &format!("{}, the first with {first}", f.refused), None);
    }
}

/// From a push to an event.
pub fn streams(f: &streams::Figures, stage: &Stage<'_>) {
    let streams::Scene { viewers, rate, target } = f.scene;
    let (name, viewing) = (stage.name(), grouped(viewers as f64));
    title(&format!("Streams on {name}: {viewing} viewers, {rate} pushes/s of 100 items, {} organisations", stage.plan.organisations));
    let (p50, p95, p99) = (p(&f.latency, 50.0), p(&f.latency, 95.0), p(&f.latency, 99.0));
    line("push → event p50 / p95 / p99", &format!("{} / {} / {}", ms(p50), ms(p95), ms(p99)), Some((&format!("p95 ≤ {target} ms"), p95 <= target * 1_000)));
    if !f.across.is_empty() {
        let (p50, p95, p99) = (p(&f.across, 50.0), p(&f.across, 95.0), p(&f.across, 99.0));
        line("  from one hub to another p50 / p95 / p99", &format!("{} / {} / {}", ms(p50), ms(p95), ms(p99)), None);
    }
    let acknowledged = p(&f.acknowledged, 95.0);
    let wanted = (rate == streams::BUSY.rate).then_some(("p95 ≤ 15 ms", acknowledged <= 15_000));
    let (p50, p99) = (p(&f.acknowledged, 50.0), p(&f.acknowledged, 99.0));
    line("acknowledgement p50 / p95 / p99", &format!("{} / {} / {}", ms(p50), ms(acknowledged), ms(p99)), wanted);
    line(
        "events that arrived, of those expected",
        &format!("{} of {}", grouped(f.latency.len() as f64), grouped(f.expected as f64)),
        Some(("all", f.latency.len() == f.expected)),
    );
    cores(f.busy, f.period, false);
    let (before, after) = f.memory;
    line("memory of the hubs, before and with them", &format!("{} / {}", mebibytes(before), mebibytes(after)), None);
    peaks(stage);
    if viewers >= 1_000 {
        let each = after.saturating_sub(before) as f64 / viewers as f64 / 1_024.0;
        line("memory a viewer", &format!("{each:.0} KiB"), Some(("≤ 40 KiB", each <= 40.0)));
    }
}

/// A flood of connections.
pub fn flood(f: &flood::Figures, stage: &Stage<'_>) {
    let (offered, addresses) = (grouped(f.offered as f64), flood::ADDRESSES);
    title(&format!("A flood on {}: {offered} connections of strangers from {addresses} addresses in {:.0} s", stage.name(), f.period.as_secs_f64()));
    for (name, times, wanted) in [
        ("a signed-in page over a kept connection p50 / p99", &f.kept, true),
        ("the same over a new one p50 / p99", &f.new, true),
        ("/healthz over a new one p50 / p99", &f.health, false),
    ] {
        let p99 = p(times, 99.0);
        line(name, &format!("{} / {} of {}", ms(p(times, 50.0)), ms(p99), grouped(times.len() as f64)), wanted.then_some(("p99 ≤ 300 ms", p99 <= 300_000)));
    }
    line("not answered", &grouped(f.failed as f64), Some(("none", f.failed == 0)));
    peaks(stage);
}

/// The yardstick of the database: the same rows and nothing else.
pub fn rows(database: &str, rates: &[Rate]) {
    title(&format!("Rows only on {database}: bare batch inserts of such samples in key order, each batch synced"));
    for Rate { rows, connections, per_second } in rates {
        let name = format!("{} rows a transaction, {connections} at once", grouped(*rows as f64));
        line(&name, &format!("{} rows/s", grouped(*per_second)), None);
    }
}

/// Time to first byte on one database.
pub fn pages(pages: &[Page], stage: &Stage<'_>) {
    let plan = &stage.plan;
    title(&format!("Pages on {}: {} organisations, {} samples", stage.name(), plan.organisations, grouped(plan.samples as f64)));
    if let Some(rate) = stage.alliance.loaded_per_second {
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
pub fn growth(database: &str, all: &[(usize, Vec<Page>, Vec<Page>)], samples: usize) {
    if all.is_empty() {
        return;
    }
    let (large, small) = (grouped(samples as f64), grouped(SMALL as f64));
    title(&format!("Pages on {database} with {large} samples against {small}, p50 of the first byte, both asked in turn"));
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
