//! What the report says of each part.

use crate::{
    SMALL, alliance, batches, cluster,
    database::System,
    disk, flood, load,
    load::Busy,
    options::Part,
    pages::Page,
    report::{Report, Scene, Section, Unit, grouped, mebibytes},
    rows::Rate,
    stage::Stage,
    streams,
};
use hdrhistogram::Histogram;
use std::time::Duration;

/// What is measured on from here on.
pub fn system(report: &Report, system: &System) {
    if let System::Postgres { cluster, .. } = system {
        report.title(&cluster.version);
        report.line("set to", cluster::SETTINGS);
    }
}

/// Who used how many cores. Only PostgreSQL has processes of its own.
fn cores(section: &mut Section<'_>, busy: Busy, period: Duration, clients: bool) {
    let of = |busy: Duration| busy.as_secs_f64() / period.as_secs_f64();
    let mut used = vec![("hubs", "cores_hubs".to_owned(), of(busy.hubs))];
    if !busy.database.is_zero() {
        used.push(("database", "cores_database".to_owned(), of(busy.database)));
    }
    if clients {
        used.push(("clients", "cores_clients".to_owned(), of(busy.own)));
    }
    let names: Vec<_> = used.iter().map(|(name, ..)| *name).collect();
    section.row(&format!("cores used by {}", names.join(" / ")), &used, Unit::Cores);
}

/// The yardstick for pushes.
pub fn parsing(report: &mut Report, f: &load::Figures, clients: u16) {
    let title = format!("Parsing only: a bare axum handler, {clients} clients, the same body of {} bytes", f.body_bytes);
    let mut section = report.section(&title, Part::Parsing, Scene::ANY);
    section.figure("answered", "pushes", f.pushes_per_second(), Unit::PerSecond);
    refusals(&section, f);
}

/// The yardstick of the database: a row for each sample and nothing else.
pub fn rows(report: &mut Report, database: &'static str, rates: &[Rate]) {
    let title = format!("Rows only on {database}: bare batch inserts of one row a sample in key order, each batch synced");
    let mut section = report.section(&title, Part::Rows, Scene { database: Some(database), ..Scene::ANY });
    for Rate { rows, connections, per_second } in rates {
        let name = format!("{} rows a transaction, {connections} at once", grouped(*rows as f64));
        section.figure(&name, &format!("rows_{rows}"), *per_second, Unit::PerSecond);
    }
}

/// Pushes acknowledged, and which share that is of what the machine could do at all, as far as that was measured.
pub fn pushes(report: &mut Report, part: Part, f: &load::Figures, stage: &Stage<'_>, clients: usize, (raw, parsing): (&[Rate], Option<f64>)) {
    let title = format!(
        "Pushes on {}: {clients} clients, 100 items ({} bytes) a push, {} organisations, {} samples before",
        stage.name(),
        f.body_bytes,
        stage.plan.organisations,
        grouped(stage.plan.samples as f64)
    );
    let mut section = report.section(&title, part, stage.scene());
    section.figure("pushes acknowledged", "pushes", f.pushes_per_second(), Unit::PerSecond);
    section.figure("items acknowledged", "items", f.items_per_second(), Unit::PerSecond);
    section.percentiles("acknowledgement", "acknowledged", &f.latency, &[50, 99]);
    for rate in raw {
        let name = format!("items, of bare inserts of {} rows", grouped(rate.rows as f64));
        section.figure(&name, &format!("of_bare_rows_{}", rate.rows), f.items_per_second() / rate.per_second, Unit::Times);
    }
    if let Some(parsing) = parsing {
        section.figure("pushes, of those that are only parsed", "of_parsed", f.pushes_per_second() / parsing, Unit::Times);
    }
    cores(&mut section, f.busy, f.period, true);
    refusals(&section, f);
    peaks(&mut section, stage);
}

/// How one rate compares with another that was measured in turn with it.
pub fn ratio(report: &mut Report, part: Part, name: &str, measure: &str, stage: &Stage<'_>, value: f64) {
    report.section(name, part, stage.scene()).figure("by turns, the one by the other", measure, value, Unit::Times);
}

/// The most memory that each hub has held until now.
fn peaks(section: &mut Section<'_>, stage: &Stage<'_>) {
    let peaks: Vec<_> = stage.peaks().into_iter().map(|bytes| ("", "peak_memory".to_owned(), mebibytes(bytes))).collect();
    section.row("most memory of each hub since its start", &peaks, Unit::Mebibytes);
}

fn refusals(section: &Section<'_>, f: &load::Figures) {
    if let Some(first) = &f.first_refusal {
        section.line("REFUSED", &format!("{}, the first with {first}", f.refused));
    }
}

/// From a push to an event.
pub fn streams(report: &mut Report, part: Part, f: &streams::Figures, stage: &Stage<'_>) {
    let streams::Scene { viewers, rate } = f.scene;
    let (name, viewing) = (stage.name(), grouped(viewers as f64));
    let title = format!("Streams on {name}: {viewing} viewers, {rate} pushes/s of 100 items, {} organisations", stage.plan.organisations);
    let mut section = report.section(&title, part, Scene { viewers: Some(viewers), offered: Some(rate), ..stage.scene() });
    section.percentiles("push → event", "event", &f.latency, &[50, 95, 99]);
    if !f.across.is_empty() {
        section.percentiles("  from one hub to another", "event_across", &f.across, &[50, 95, 99]);
    }
    section.percentiles("acknowledgement", "acknowledged", &f.acknowledged, &[50, 95, 99]);
    let arrived = f.latency.len();
    section.line("events that arrived, of those expected", &format!("{} of {}", grouped(arrived as f64), grouped(f.expected as f64)));
    section.figure("  that did not arrive", "events_missing", f.expected.abs_diff(arrived) as f64, Unit::Count);
    cores(&mut section, f.busy, f.period, false);
    let (before, after) = f.memory;
    let memory = [("", "memory_before".to_owned(), mebibytes(before)), ("", "memory".to_owned(), mebibytes(after))];
    section.row("memory of the hubs, before and with them", &memory, Unit::Mebibytes);
    if viewers >= 1_000 {
        section.figure("memory a viewer", "memory_a_viewer", after.saturating_sub(before) as f64 / viewers as f64 / 1_024.0, Unit::Kibibytes);
    }
    peaks(&mut section, stage);
}

/// A flood of connections.
pub fn flood(report: &mut Report, f: &flood::Figures, stage: &Stage<'_>) {
    let (offered, addresses) = (grouped(f.offered as f64), flood::ADDRESSES);
    let title = format!("A flood on {}: {offered} connections of strangers from {addresses} addresses in {:.0} s", stage.name(), f.period.as_secs_f64());
    let mut section = report.section(&title, Part::Flood, stage.scene());
    section.percentiles("a signed-in page over a kept connection", "kept", &f.kept, &[50, 99]);
    section.percentiles("the same over a new one", "new", &f.new, &[50, 99]);
    section.percentiles("/healthz over a new one", "health", &f.health, &[50, 99]);
    section.figure("not answered", "not_answered", f.failed as f64, Unit::Count);
    peaks(&mut section, stage);
}

/// Batches of records.
pub fn batches(report: &mut Report, all: &[batches::Figures], stage: &Stage<'_>) {
    let mut section = report.section(&format!("Batches of 1 000 on {}, one after the other", stage.name()), Part::Batches, stage.scene());
    for f in all {
        for (word, measure, batches) in [("new", "new", &f.new), ("the same again", "again", &f.again)] {
            let (name, measure) = (format!("{}, {word}", f.kind), format!("{}_{measure}", f.kind));
            section.figure(&name, &measure, batches.items_per_second(), Unit::PerSecond);
            section.percentiles("  a batch", &measure, &batches.times, &[50, 95]);
        }
    }
}

/// Bytes on disk.
pub fn disk(report: &mut Report, f: &disk::Figures, stage: &Stage<'_>) {
    let title =
        format!("Disk on {}: {} samples pushed, 100 a push, {} organisations, hour by hour", stage.name(), grouped(f.samples as f64), disk::ORGANISATIONS);
    let scene = Scene { samples: Some(f.samples), ..stage.scene() };
    let mut section = report.section(&title, Part::Disk, scene);
    section.figure("pushed, into past hours", "pushes", f.samples as f64 / 100.0 / f.took.as_secs_f64(), Unit::PerSecond);
    section.figure("bytes a sample, without payloads", "a_sample", f.without_payloads(), Unit::Bytes);
    for (table, bytes) in f.tables.iter().filter(|(_, bytes)| f.each(*bytes) >= 0.05) {
        section.figure(&format!("  {table}"), &format!("a_sample_in_{table}"), f.each(*bytes), Unit::Bytes);
    }
}

/// Time to first byte on one database.
pub fn pages(report: &mut Report, pages: &[Page], stage: &Stage<'_>) {
    let plan = &stage.plan;
    let title = format!("Pages on {}: {} organisations, {} samples", stage.name(), plan.organisations, grouped(plan.samples as f64));
    let mut section = report.section(&title, Part::Pages, stage.scene());
    if let Some(rate) = stage.alliance.loaded_per_second {
        section.figure("samples loaded in bulk before", "loaded", rate, Unit::PerSecond);
    }
    page_figures(&mut section, pages);
    peaks(&mut section, stage);
}

fn page_figures(section: &mut Section<'_>, pages: &[Page]) {
    for page in pages {
        let (path, measure) = (page.name.path, page.name.measure);
        section.percentiles(&format!("{path} first byte"), measure, &page.idle, &[50, 99]);
        section.percentiles("  right after a push", &format!("{measure}_after_push"), &page.changed, &[50, 99]);
        section.percentiles("  once more after that", &format!("{measure}_again"), &page.again, &[50, 99]);
        section.figure("  sent", &format!("{measure}_bytes"), page.bytes as f64, Unit::Bytes);
    }
}

/// How much slower pages are with more history: the same pages, with little and with much.
pub fn growth(report: &mut Report, stage: &Stage<'_>, small: &[Page], large: &[Page]) {
    let (much, little) = (grouped(stage.plan.samples as f64), grouped(SMALL as f64));
    let title =
        format!("Pages on {}, {} organisations, with {much} samples against {little}: p50 of the first byte, by turns", stage.name(), stage.plan.organisations);
    let mut section = report.section(&title, Part::Pages, stage.scene());
    for (small, large) in small.iter().zip(large) {
        let p50 = |times: &Histogram<u64>| times.value_at_percentile(50.0).max(1) as f64;
        let ratio = |of: fn(&Page) -> &Histogram<u64>| p50(of(large)) / p50(of(small));
        let (path, measure) = (large.name.path, large.name.measure);
        section.figure(path, &format!("{measure}_growth"), ratio(|p| &p.idle), Unit::Times);
        section.figure("  right after a push", &format!("{measure}_after_push_growth"), ratio(|p| &p.changed), Unit::Times);
    }
}

/// A start with history.
pub fn start(report: &mut Report, (ready, page): (Duration, Duration), stage: &Stage<'_>) {
    let title = format!("Start on {}: {} organisations, {} samples", stage.name(), stage.plan.organisations, grouped(stage.plan.samples as f64));
    let mut section = report.section(&title, Part::Start, stage.scene());
    section.figure("ready after", "ready", ready.as_secs_f64(), Unit::Seconds);
    section.figure("the first page then took", "first_page", page.as_secs_f64(), Unit::Seconds);
}

/// A large alliance.
pub fn alliance(report: &mut Report, f: &alliance::Figures, stage: &Stage<'_>) {
    let title = format!("An alliance of {} organisations × {} series on {}", grouped(stage.plan.organisations as f64), alliance::SERIES, stage.name());
    let mut section = report.section(&title, Part::Alliance, stage.scene());
    for (name, measure, round) in [("each pushes once, which makes the series", "first_pushes", &f.first), ("and once more", "pushes", &f.second)] {
        section.figure(name, measure, round.pushes as f64 / round.took.as_secs_f64(), Unit::PerSecond);
    }
    section.figure("ready after a start", "ready", f.ready.as_secs_f64(), Unit::Seconds);
    section.figure("memory of the hub", "memory", mebibytes(f.memory), Unit::Mebibytes);
    page_figures(&mut section, &f.pages);
    peaks(&mut section, stage);
}
