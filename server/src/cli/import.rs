//! `shieldwall import`: a folder of CSV files into the database, through the same validation as a push, with receipts.
//!
//! Any of `organisations.csv`, `metrics.csv`, `incidents.csv` may be missing. Where their columns and words differ from ours, a
//! [mapping](mapping) file says how. Repeating an import changes nothing.

pub mod mapping;
mod organisations;

use super::{
    batches::batches,
    items::{self, Doubts, Item, Items, Writing},
    options::offline,
    push::progress,
    serve::DATABASE,
};
use crate::{
    App,
    api::submit::{Submission, Submitted, submit},
    clock::Clock,
    live::history,
};
use anyhow::{Context, bail};
use domain::{OrgId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use mapping::{Mapping, Table};
use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};
use store::{Mode, Org, What};

/// Organisations loaded side by side; the writer commits what waits together.
const PARALLEL: usize = 16;
/// Refusals shown in full; the receipts have them all.
const SHOWN: usize = 20;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder with organisations.csv, metrics.csv, incidents.csv.
    dir: PathBuf,
    /// How the files' columns and words become ours; DIR/mapping.toml where this is missing and that exists.
    #[arg(long, env = "SHIELDWALL_MAPPING")]
    mapping: Option<PathBuf>,
    /// The database: sqlite://path (file and folder are created) or postgres://user:password@host/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = DATABASE)]
    database: String,
}

/// What became of one class of data.
#[derive(Default)]
struct Count {
    kept: u64,
    refused: u64,
    receipts: u64,
}

/// Loads the folder; the exit code is 0 only when nothing was refused.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mapping = mapping(&args)?;
    let files = [
        ("organisations.csv", &mapping.organisations, None),
        ("metrics.csv", &mapping.metrics, Some(What::Metrics)),
        ("incidents.csv", &mapping.incidents, Some(What::Incidents)),
    ];
    let mut tables = Vec::new();
    for (name, table, what) in files {
        let path = args.dir.join(name);
        tables.push(match std::fs::read(&path) {
            Ok(bytes) => Some(items::decoded(&bytes).and_then(|text| read(&text, table, what)).with_context(|| path.display().to_string())?),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(e).with_context(|| path.display().to_string()),
        });
    }
    let [organisations, metrics, incidents] = &mut tables[..] else { bail!("three tables were read") };
    if organisations.is_none() && metrics.is_none() && incidents.is_none() {
        bail!("{} has none of organisations.csv, metrics.csv, incidents.csv", args.dir.display());
    }
    let clock = Clock::default();
    // Before the hub opens, for it validates items against the organisations it knows.
    if let Some((rows, _)) = organisations.take() {
        organisations::load(&args.database, rows, clock.now()).await?;
    }
    let app = App::open(offline(), &args.database, clock).await?;
    let mut refused = 0;
    for (what, rows, one, many) in [(What::Metrics, metrics.take(), "value", "values"), (What::Incidents, incidents.take(), "incident", "incidents")] {
        let Some(rows) = rows else { continue };
        let count = load(&app, what, rows).await?;
        let noun = if count.kept == 1 { one } else { many };
        super::print(&format!("{} {noun}, {} refused, {} receipts", count.kept, count.refused, count.receipts))?;
        refused += count.refused;
    }
    app.live.stop();
    app.store.close().await;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn mapping(args: &Args) -> anyhow::Result<Mapping> {
    let path = match &args.mapping {
        Some(path) => path.clone(),
        None => Some(args.dir.join("mapping.toml")).filter(|p| p.exists()).unwrap_or_default(),
    };
    if path.as_os_str().is_empty() {
        return Ok(Mapping::default());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Mapping::parse(&text).with_context(|| path.display().to_string())
}

/// Line of the file, and why it was refused.
type Refusals = Vec<(u64, String)>;
type Rows = Vec<(u64, items::Row)>;

/// Rows in our fields, and how their numbers are written; `what` is absent for organisations.
fn read(text: &str, table: &Table, what: Option<What>) -> anyhow::Result<(Rows, Writing)> {
    let sheet = items::sheet(text)?;
    let needed = match what {
        None => organisations::NEEDED.to_vec(),
        Some(what) => [&["org"], items::needed(what)].concat(),
    };
    items::require(&needed, &table.fields(&sheet.head), &sheet.head)?;
    let writing = sheet.writing(|column| table.is_number(column, |field| what.is_some_and(|what| items::is_number(what, field))))?;
    let ours = |(line, row): (u64, items::Row)| Ok((line, table.apply(row, writing.decimal).with_context(|| format!("line {line}"))?));
    let rows = sheet.rows.into_iter().map(ours).collect::<anyhow::Result<_>>()?;
    Ok((rows, writing))
}

/// Loads one class of data, organisation by organisation.
async fn load(app: &App, what: What, (rows, writing): (Rows, Writing)) -> anyhow::Result<Count> {
    let mut orgs: BTreeMap<String, Org> = app.store.hub().organisations().await?.into_iter().map(|o| (o.slug.clone(), o)).collect();
    for (slug, of) in app.store.hub().former_slugs().await? {
        if let Some(org) = orgs.values().find(|org| org.id == of).cloned() {
            orgs.entry(slug).or_insert(org);
        }
    }
    let mut count = Count::default();
    let mut ignored = Vec::new();
    let mut without_value = 0_u64;
    let mut refusals = Refusals::new();
    let mut doubts = Doubts::default();
    let mut by_org: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    let mut oldest: BTreeMap<OrgId, Timestamp> = BTreeMap::new();
    for (place, mut row) in rows {
        let Some(at) = row.iter().position(|(column, _)| column == "org") else { bail!("line {place} has no org") };
        let slug = row.swap_remove(at).1;
        let Some(org) = orgs.get(&slug) else {
            refusals.push((place, format!("there is no organisation {slug:?}")));
            count.refused += 1;
            continue;
        };
        let moments = row.iter().filter(|(column, _)| matches!(column.as_str(), "observed_at" | "opened_at"));
        for at in moments.filter_map(|(_, cell)| Timestamp::parse(cell).ok()) {
            oldest.entry(org.id).and_modify(|first| *first = at.min(*first)).or_insert(at);
        }
        doubts.note(what, place, &row, &writing);
        match items::item(what, row, writing.decimal, &mut ignored)? {
            Some(json) => by_org.entry(slug).or_default().push(Item { place, json }),
            None => without_value += 1,
        }
    }
    let bar = progress(by_org.values().map(|v| v.len() as u64).sum()).with_message(what.name());
    let (orgs, doubts) = (&orgs, &doubts);
    let mut done = stream::iter(by_org)
        .map(|(slug, items)| {
            let bar = bar.clone();
            async move { load_org(app, what, &orgs[&slug], items, doubts, &bar).await }
        })
        .buffer_unordered(PARALLEL);
    while let Some((one, mut more)) = done.try_next().await? {
        count.kept += one.kept;
        count.refused += one.refused;
        count.receipts += one.receipts;
        refusals.append(&mut more);
    }
    drop(done);
    bar.finish_and_clear();
    // Daily scores of the days the file speaks of.
    for (org, from) in oldest {
        history::rebuild(app, org, from).await?;
    }
    if !ignored.is_empty() {
        eprintln!("{}: {}", what.name(), items::left_out(what, &ignored));
    }
    if without_value > 0 {
        eprintln!("{}: rows left out for want of a value: {without_value}", what.name());
    }
    refusals.sort_unstable();
    for (line, detail) in refusals.iter().take(SHOWN) {
        eprintln!("{}: line {line}: {detail}", what.name());
    }
    if refusals.len() > SHOWN {
        eprintln!("{}: and {} more", what.name(), refusals.len() - SHOWN);
    }
    Ok(count)
}

async fn load_org(app: &App, what: What, org: &Org, list: Vec<Item>, doubts: &Doubts, bar: &indicatif::ProgressBar) -> anyhow::Result<(Count, Refusals)> {
    let (mut count, mut refusals) = (Count::default(), Refusals::new());
    for batch in batches(what, Items { items: list, unit: "line", ..Items::default() })? {
        let submission = Submission {
            org: org.id,
            org_slug: org.slug.clone(),
            key_id: None,
            key_name: "import".to_owned(),
            what,
            mode: Mode::Delta,
            as_of: None,
            strict: false,
            dry_run: false,
            backfill: true,
            ndjson: false,
            body: batch.body,
            user_agent: concat!("shieldwall-import/", env!("CARGO_PKG_VERSION")).to_owned(),
            idempotency: None,
            expected_revision: None,
        };
        let failures: Vec<(usize, String, String)> = match submit(app, submission).await {
            Ok(Submitted { receipt, .. }) => {
                count.kept += u64::from(receipt.success_count);
                receipt.failures.into_iter().map(|f| (f.index as usize, f.pointer, f.detail)).collect()
            }
            // Every item was refused, which the receipt records; anything else ends the import.
            Err(problem) => match &problem.receipt {
                Some(receipt) => {
                    let all = receipt["failures"].as_array().into_iter().flatten();
                    let text = |f: &serde_json::Value, field: &str| f[field].as_str().unwrap_or_default().to_owned();
                    all.map(|f| (f["index"].as_u64().unwrap_or_default() as usize, text(f, "pointer"), text(f, "detail"))).collect()
                }
                None => bail!("{}: {}", org.slug, problem.detail),
            },
        };
        count.receipts += 1;
        // An item may have several faults.
        count.refused += failures.iter().map(|(index, ..)| *index).collect::<std::collections::BTreeSet<_>>().len() as u64;
        bar.inc(batch.places.len() as u64);
        refusals.extend(failures.into_iter().map(|(index, pointer, detail)| {
            let place = batch.places.get(index).copied().unwrap_or_default();
            (place, doubts.of(place, &pointer).map_or(detail, str::to_owned))
        }));
    }
    Ok((count, refusals))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(mapping: &str, text: &str) -> Vec<String> {
        let (rows, writing) = read(text, &Mapping::parse(mapping).unwrap().metrics, Some(What::Metrics)).unwrap();
        let items = rows.into_iter().map(|(_, row)| items::item(What::Metrics, row, writing.decimal, &mut vec![]).unwrap().unwrap());
        items.map(|item| serde_json::from_str::<serde_json::Value>(item.get()).unwrap()["value"].to_string()).collect()
    }

    /// How numbers are written is looked for where the mapping reads them, not under our names.
    #[test]
    fn mapped_numbers_show_how_they_are_written() {
        let mapping = "[metrics.columns]\nvalue = \"Wert\"\n[metrics.constants]\norg = \"alpha\"\nobserved_at = \"2026-01-02\"\n";
        let tabs = "metric\tWert\nhsts_pct\t93,5\nmean_time_to_detect_hours\t1.234\n";
        assert_eq!(values(mapping, tabs), ["93.5", "\"1.234\""], "a thousand and more, or little more than one");
        assert_eq!(values(mapping, &tabs.replace("93,5", "93.5")), ["93.5", "1.234"]);
        // A column of another name is no number of ours, even where it is called like one.
        let renamed = mapping.replace("[metrics.constants]", "unit = \"value\"\n[metrics.constants]");
        assert_eq!(values(&renamed, "metric\tWert\tvalue\nhsts_pct\t93.5\t1,5\n"), ["93.5"]);
        let measured = "[incidents.thresholds.severity]\ncolumn = \"people\"\nsteps = [{ at_least = 1000, is = \"critical\" }]\notherwise = \"low\"\n";
        let text = "org\texternal_id\ttitle\tpeople\nalpha\tA-1\ta\t1,5\nalpha\tA-2\tb\t1000\n";
        let (rows, writing) = read(text, &Mapping::parse(measured).unwrap().incidents, Some(What::Incidents)).unwrap();
        assert_eq!(writing.decimal, items::Decimal::Comma, "a threshold reads a number, too");
        let severity = |row: &items::Row| row.iter().find(|(field, _)| field == "severity").map(|(_, word)| word.clone());
        assert_eq!(rows.iter().filter_map(|(_, row)| severity(row)).collect::<Vec<_>>(), ["low", "critical"]);
    }
}
