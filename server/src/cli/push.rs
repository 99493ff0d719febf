//! `shieldwall push`: a file, pushed to a hub as a partner would.

use super::{
    batches::{Batch, batches},
    client::{Answer, Failure, Intent, PushClient},
    hashes,
    items::{self, Doubts, Format, Items},
};
use anyhow::{Context, bail};
use domain::Timestamp;
use indicatif::{ProgressBar, ProgressStyle};
use std::{io::Read, path::PathBuf, process::ExitCode};
use store::{Mode, What};

#[derive(clap::Args, Debug)]
#[command(
    after_help = "The key is read from --key-file or the environment variable SHIELDWALL_KEY; a key among the arguments could be read by every process of the machine."
)]
pub struct Args {
    /// What the file holds.
    what: Class,
    /// The file; `-` for standard input.
    file: PathBuf,
    /// How it is written; by its extension where this is missing.
    #[arg(long, env = "SHIELDWALL_FORMAT")]
    format: Option<Format>,
    /// The hub.
    #[arg(long, env = "SHIELDWALL_URL", default_value = "http://127.0.0.1:3000")]
    url: String,
    /// A file with nothing but the API key.
    #[arg(long, env = "SHIELDWALL_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// `snapshot`: the file is the whole truth, and what it leaves out is closed or expired.
    #[arg(long, env = "SHIELDWALL_MODE", default_value = "delta")]
    mode: PushMode,
    /// Of a snapshot: when it was taken (RFC 3339, such as 2026-05-01T12:00:00Z). Without it, it is taken to be as of now.
    #[arg(long, env = "SHIELDWALL_AS_OF", value_parser = Timestamp::parse)]
    as_of: Option<Timestamp>,
    /// Of a snapshot: a file without a row is meant so, and everything that is open is closed. Without it nothing is sent, for an export that failed is empty, too.
    #[arg(long)]
    empty_closes_everything: bool,
    /// The hub checks everything and keeps nothing.
    #[arg(long, env = "SHIELDWALL_DRY_RUN")]
    dry_run: bool,
    /// All or nothing: one refused item refuses its whole push.
    #[arg(long, env = "SHIELDWALL_STRICT")]
    strict: bool,
    /// Of indicators: sends keyed hashes in place of the values, which do not leave this machine.
    #[arg(long, env = "SHIELDWALL_HASHED")]
    hashed: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Class {
    Metrics,
    Incidents,
    Events,
    Indicators,
    IndicatorCounts,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum PushMode {
    Delta,
    Snapshot,
}

/// Pushes the file; the exit code is 0 only when nothing was refused.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let what = match args.what {
        Class::Metrics => What::Metrics,
        Class::Incidents => What::Incidents,
        Class::Events => What::Events,
        Class::Indicators => What::Indicators,
        Class::IndicatorCounts => What::IndicatorCounts,
    };
    let mode = match args.mode {
        PushMode::Delta => Mode::Delta,
        PushMode::Snapshot => Mode::Snapshot,
    };
    if mode == Mode::Delta && (args.as_of.is_some() || args.empty_closes_everything) {
        bail!("--as-of and --empty-closes-everything are said of a snapshot; add --mode snapshot");
    }
    let client = PushClient::new(&args.url, &key(&args)?, concat!("shieldwall-push/", env!("CARGO_PKG_VERSION")), 8)?;
    let format = args.format.or_else(|| Format::of(&args.file)).context("cannot tell the format by the file's name; say --format json, ndjson or csv")?;
    let text = text(&args)?;
    // A file of no bytes is as empty as one with a head alone.
    let blank = mode == Mode::Snapshot && text.trim_start_matches('\u{feff}').trim().is_empty();
    let mut read = if blank { Items::default() } else { items::read(what, format, &text).with_context(|| args.file.display().to_string())? };
    let unit = read.unit;
    if args.hashed {
        if what != What::Indicators {
            bail!("only indicators are hashed");
        }
        // Before anything is sent, and all of it or nothing.
        hashes::hash(&mut read, &client.alliance_key().await?).with_context(|| args.file.display().to_string())?;
    }
    if !read.ignored.is_empty() {
        eprintln!("{}", items::left_out(what, &read.ignored));
    }
    if read.without_value > 0 {
        eprintln!("Rows left out for want of a value: {}", read.without_value);
    }
    if read.items.is_empty()
        && let Some(why) = unsent(mode, format, blank, args.empty_closes_everything)
    {
        bail!("{} has no rows with data; {why}", args.file.display());
    }
    let doubts = std::mem::take(&mut read.doubts);
    let batches = batches(what, read)?;
    if mode == Mode::Snapshot && batches.len() > 1 {
        bail!("a snapshot must fit into one push (1,000 items, 1 MiB), for what a push leaves out ends");
    }
    send(&client, what, unit, (batches, doubts), Intent { mode, as_of: args.as_of, dry_run: args.dry_run, strict: args.strict }).await
}

/// Why a file without a row is not sent; `None` where it is. Rather an export that failed than a whole truth that is empty: a snapshot of nothing ends
/// everything, and `{"items": []}` alone is written on purpose.
fn unsent(mode: Mode, format: Format, blank: bool, meant: bool) -> Option<&'static str> {
    match (mode, format) {
        _ if meant => None,
        (_, Format::Json) if !blank => None,
        (Mode::Snapshot, _) => Some(
            "nothing was sent, for an export that failed looks the same. If nothing is open any more, say so with --empty-closes-everything: it closes everything",
        ),
        (Mode::Delta, Format::Csv) => Some("nothing was sent"),
        (Mode::Delta, _) => None,
    }
}

async fn send(client: &PushClient, what: What, unit: &str, (batches, doubts): (Vec<Batch>, Doubts), intent: Intent) -> anyhow::Result<ExitCode> {
    let bar = progress(batches.iter().map(|b| b.places.len() as u64).sum());
    let run = uuid::Uuid::new_v4();
    let (mut kept, mut refused) = (0, 0);
    // A line of its own, above the bar.
    let tell = |said: &str| bar.suspend(|| eprintln!("{said}"));
    let pushes = batches.len();
    for (no, Batch { body, places }) in batches.into_iter().enumerate() {
        let answer = client.push(what, body, &format!("{run}-{no}"), intent, &tell).await?;
        bar.inc(places.len() as u64);
        let lines = report(&answer, unit, &places, &doubts, intent.dry_run);
        bar.suspend(|| -> anyhow::Result<()> { lines.iter().try_for_each(|line| super::print(line).map(drop)) })?;
        if answer.accepted() {
            kept += answer.success_count;
            refused += answer.failure_count;
        } else if answer.receipt.is_some() || answer.errors.iter().any(|error| place(error, unit, &places).is_some()) {
            refused += places.len() as u32;
        } else {
            // No item was read (key, scope, form): the rest would fare no better.
            bar.finish_and_clear();
            return Ok(ExitCode::FAILURE);
        }
    }
    bar.finish_and_clear();
    // One push has said it with its receipt, unless it was tried only.
    if intent.dry_run {
        super::print(&format!("{kept} would be kept, {refused} refused"))?;
    } else if pushes > 1 {
        super::print(&format!("{kept} kept, {refused} refused"))?;
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The answer to one push, for people.
fn report(answer: &Answer, unit: &str, places: &[u64], doubts: &Doubts, dry_run: bool) -> Vec<String> {
    let receipt = answer.receipt.as_deref().unwrap_or(answer);
    let mut lines = Vec::new();
    let ended = receipt.left_out.as_ref().and_then(|left_out| left_out.words(if dry_run { "would end" } else { "ended" }));
    if let Some(id) = receipt.id.as_ref().filter(|_| !dry_run) {
        let ended = ended.map(|said| format!(", {said}")).unwrap_or_default();
        lines.push(format!("receipt {id}: {} kept, {} refused{ended}", receipt.success_count, receipt.failure_count));
    } else {
        lines.extend(ended);
    }
    if let Some(by) = &receipt.outdated_by {
        let by = Timestamp::parse(by).map_or_else(|_| by.clone(), Timestamp::rfc3339);
        lines.push(format!("Nothing has changed: a newer snapshot, taken {by}, was applied before."));
    }
    lines.extend(receipt.notes.iter().map(|note| format!("  {note}")));
    if !answer.accepted() {
        let title = answer.title.as_deref().unwrap_or("refused");
        lines.push(format!("{title}: {}", answer.detail.as_deref().unwrap_or_default()));
    }
    let failures = if receipt.failures.is_empty() { &answer.errors } else { &receipt.failures };
    lines.extend(failures.iter().map(|failure| {
        let Failure { pointer, detail, .. } = failure;
        let place = place(failure, unit, places);
        // The hub has not seen the file.
        let detail = place.and_then(|place| doubts.of(place, pointer)).unwrap_or(detail);
        let place = place.map(|place| format!("{unit} {place}: ")).unwrap_or_default();
        // Within the item: `/items/7/value` says no more than `value` beside the line number.
        let field = if place.is_empty() { pointer } else { pointer.splitn(4, '/').nth(3).unwrap_or_default() };
        let field = &field.replace("~1", "/").replace("~0", "~");
        // Most details begin with the field; it stands in front in any case.
        let detail = detail.strip_prefix(field.as_str()).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(detail);
        if field.is_empty() { format!("  {place}{detail}") } else { format!("  {place}{field}: {detail}") }
    }));
    lines
}

/// Where in the file the item stands that a failure is about. Whose the counts of a window are stands in each of their lines, and once in the push.
fn place(failure: &Failure, unit: &str, places: &[u64]) -> Option<u64> {
    match failure.item() {
        Some(item) => places.get(item).copied(),
        None if unit == "line" && failure.pointer == "/org" => places.first().copied(),
        None => None,
    }
}

/// A bar on a terminal, nothing elsewhere.
pub fn progress(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}

fn key(args: &Args) -> anyhow::Result<String> {
    if let Some(path) = &args.key_file {
        return Ok(std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?.trim().to_owned());
    }
    let key = std::env::var("SHIELDWALL_KEY").ok().filter(|key| !key.trim().is_empty());
    key.context("no API key: put it into a file (--key-file) or into the environment variable SHIELDWALL_KEY, and export that")
}

fn text(args: &Args) -> anyhow::Result<String> {
    if args.file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return items::decoded(&bytes).context("standard input");
    }
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    items::decoded(&bytes).with_context(|| args.file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(answer: &Answer, unit: &str, places: &[u64], dry_run: bool) -> Vec<String> {
        report(answer, unit, places, &Doubts::default(), dry_run)
    }

    #[test]
    fn failures_name_the_line_of_the_file() {
        let answer = serde_json::from_str(
            r#"{"id":"r1","success_count":1,"failure_count":1,"failures":[{"index":1,"pointer":"/items/1/value","code":"type","detail":"must be a number"}]}"#,
        )
        .unwrap();
        let answer = Answer { status: 200, ..answer };
        assert_eq!(lines_of(&answer, "line", &[2, 9], false), ["receipt r1: 1 kept, 1 refused", "  line 9: value: must be a number"]);
        let answer = serde_json::from_str(
            r#"{"id":"r1","failures":[{"index":0,"pointer":"/items/0/observed_at","detail":"observed_at must be a date-time."},{"index":1,"pointer":"/items/1","detail":"Too large."}]}"#,
        )
        .unwrap();
        let lines = lines_of(&Answer { status: 200, ..answer }, "line", &[2, 9], false);
        assert_eq!(lines[1..], ["  line 2: observed_at: must be a date-time.", "  line 9: Too large."]);
    }

    #[test]
    fn a_number_that_the_file_leaves_open_is_told_by_the_file() {
        let text = "metric;value;observed_at\nhsts_pct;93,5;2026-01-02\nmean_time_to_detect_hours;1.234;2026-01-02\n";
        let read = items::read(What::Metrics, Format::Csv, text).unwrap();
        let answer = r#"{"id":"r1","success_count":1,"failure_count":1,"failures":[{"index":1,"pointer":"/items/1/value","code":"wrong_type","detail":"value must be a number"}]}"#;
        let answer = Answer { status: 200, ..serde_json::from_str(answer).unwrap() };
        let places: Vec<u64> = read.items.iter().map(|item| item.place).collect();
        let said = "  line 3: value: this file writes decimals with a comma (line 2: 93,5), so 1.234 could mean 1234: write 1234 or 1,234.";
        assert_eq!(report(&answer, "line", &places, &read.doubts, false)[1], said);
    }

    /// A push with another organisation's row is refused as a whole, and each such row is said by its line.
    #[test]
    fn another_organisations_rows_are_said_by_their_lines() {
        let answer = |errors: &str| -> Answer {
            let problem = format!(r#"{{"title":"Not allowed","detail":"Nothing of it was kept.","errors":[{errors}]}}"#);
            Answer { status: 403, ..serde_json::from_str(&problem).unwrap() }
        };
        let rows = answer(
            r#"{"pointer":"/items/1/org","code":"foreign_org","detail":"org names \"rail\", but the key belongs to \"harbour\"."},{"pointer":"/items/2/title","detail":"title is missing."}"#,
        );
        let told =
            ["Not allowed: Nothing of it was kept.", "  line 7: org: names \"rail\", but the key belongs to \"harbour\".", "  line 9: title: is missing."];
        assert_eq!(lines_of(&rows, "line", &[2, 7, 9], true), told);
        let window = answer(r#"{"pointer":"/org","detail":"org names another organisation."}"#);
        assert_eq!(lines_of(&window, "line", &[4, 5], false)[1], "  line 4: org names another organisation.");
        assert_eq!(lines_of(&window, "item", &[1, 2], false)[1], "  /org: org names another organisation.", "the whole body is");
    }

    #[test]
    fn a_snapshot_says_what_it_ended() {
        let answer = |count: u32, names: &[&str]| -> Answer {
            let answer = serde_json::json!({ "id": "r1", "success_count": 2, "left_out": { "count": count, "names": names } });
            Answer { status: 200, ..serde_json::from_value(answer).unwrap() }
        };
        assert_eq!(lines_of(&answer(2, &["MC-1", "MC-2"]), "line", &[2, 3], false), ["receipt r1: 2 kept, 0 refused, 2 ended: MC-1, MC-2"]);
        assert_eq!(lines_of(&answer(2, &["MC-1", "MC-2"]), "line", &[2, 3], true), ["2 would end: MC-1, MC-2"]);
        assert_eq!(lines_of(&answer(5, &["MC-1", "MC-2"]), "line", &[2, 3], true), ["5 would end: MC-1, MC-2 and 3 more"]);
        assert_eq!(lines_of(&answer(0, &[]), "line", &[2, 3], false), ["receipt r1: 2 kept, 0 refused"]);
    }

    #[test]
    fn an_outdated_snapshot_has_no_numbers_of_its_own() {
        let answer =
            r#"{"id":"r1","total_count":3,"success_count":0,"failure_count":0,"as_of":"2026-05-01T12:00:00Z","outdated_by":"2026-05-02T12:00:00.824628Z"}"#;
        let answer = Answer { status: 200, ..serde_json::from_str(answer).unwrap() };
        let told = ["receipt r1: 0 kept, 0 refused", "Nothing has changed: a newer snapshot, taken 2026-05-02T12:00:00Z, was applied before."];
        assert_eq!(lines_of(&answer, "line", &[2, 3, 4], false), told);
    }

    #[test]
    fn an_empty_whole_truth_is_said_on_purpose() {
        for format in [Format::Csv, Format::Ndjson, Format::Json] {
            assert!(unsent(Mode::Snapshot, format, true, false).is_some_and(|why| why.contains("--empty-closes-everything")), "{format:?}");
            assert_eq!(unsent(Mode::Snapshot, format, true, true), None, "{format:?}");
        }
        assert!(unsent(Mode::Snapshot, Format::Csv, false, false).is_some(), "a head alone");
        assert_eq!(unsent(Mode::Snapshot, Format::Json, false, false), None, "an empty list is written on purpose");
        assert_eq!(unsent(Mode::Delta, Format::Csv, false, false), Some("nothing was sent"));
    }

    #[test]
    fn problems_are_told_in_their_own_words() {
        let answer = serde_json::from_str(r#"{"title":"An API key is needed","detail":"This one has expired.","errors":[]}"#).unwrap();
        assert_eq!(lines_of(&Answer { status: 401, ..answer }, "line", &[2], false), ["An API key is needed: This one has expired."]);
    }
}
