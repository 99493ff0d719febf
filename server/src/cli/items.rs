//! Files as items of a push: JSON, NDJSON or CSV in, the API's own item objects out. `push` and `import` share it.
//!
//! Nothing is judged here beyond what reading needs: the server's validation is the only one, so that a file and a request are
//! refused for the same reasons. JSON items are passed on as they were written.

use anyhow::{Context, anyhow, bail};
use serde_json::{Map, Value, value::RawValue};
use std::path::Path;
use store::What;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Json,
    Ndjson,
    Csv,
}

impl Format {
    /// By the file's extension.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// One item, and where in the file it stands.
#[derive(Debug)]
pub struct Item {
    /// Line of the file, or the position in a JSON list, from 1.
    pub place: u64,
    pub json: Box<RawValue>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Items {
    pub items: Vec<Item>,
    /// What [`Item::place`] counts: `line` or `item`.
    pub unit: &'static str,
    /// Columns that this class of data has no field for.
    pub ignored: Vec<String>,
    /// Rows left out because they have no value: unknown is not zero.
    pub without_value: u64,
}

/// One row of a CSV file: column and cell, without empty cells.
pub type Row = Vec<(String, String)>;

/// A CSV file.
#[derive(Debug)]
pub struct Sheet {
    /// The columns, in their order.
    pub head: Vec<String>,
    /// Each row with the line it begins on.
    pub rows: Vec<(u64, Row)>,
    /// Cells are parted by semicolons, as Excel does where numbers have a decimal comma.
    pub semicolons: bool,
}

/// A file's bytes as text.
///
/// # Errors
/// When they are not UTF-8.
pub fn utf8(bytes: Vec<u8>) -> anyhow::Result<String> {
    String::from_utf8(bytes).map_err(|e| anyhow!("not UTF-8 (byte {}); save it as UTF-8, in Excel as \"CSV UTF-8\"", e.utf8_error().valid_up_to()))
}

/// Says which columns were left out, and that this does no harm.
pub fn left_out(what: What, columns: &[String]) -> String {
    let columns = columns.join(", ");
    match what {
        What::Metrics => format!("Columns that are no part of a metric, left out: {columns}. No score needs them; named label.NAME, one becomes a label."),
        _ => format!("Columns that are no field of {}, left out: {columns}.", what.name()),
    }
}

/// Reads a file's text.
///
/// # Errors
/// When the text is not of that format. Items that the server would refuse are no error here.
pub fn read(what: What, format: Format, text: &str) -> anyhow::Result<Items> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match format {
        Format::Json => json(what, text),
        Format::Ndjson => ndjson(text),
        Format::Csv => csv(what, text),
    }
}

fn json(what: What, text: &str) -> anyhow::Result<Items> {
    #[derive(serde::Deserialize)]
    struct Body {
        items: Vec<Box<RawValue>>,
    }
    let list = if text.trim_start().starts_with('[') {
        serde_json::from_str::<Vec<Box<RawValue>>>(text).context("the file is not a JSON list")?
    } else if what == What::IndicatorCounts {
        vec![serde_json::from_str::<Box<RawValue>>(text).context("the file is not JSON")?]
    } else {
        serde_json::from_str::<Body>(text).context("the file is neither a JSON list nor {\"items\": […]}")?.items
    };
    let items = list.into_iter().zip(1..).map(|(json, place)| Item { place, json }).collect();
    Ok(Items { items, unit: "item", ..Items::default() })
}

fn ndjson(text: &str) -> anyhow::Result<Items> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let items = lines
        .map(|(line, place)| Ok(Item { place, json: serde_json::from_str(line).with_context(|| format!("line {place} is not JSON"))? }))
        .collect::<anyhow::Result<_>>()?;
    Ok(Items { items, unit: "line", ..Items::default() })
}

fn csv(what: What, text: &str) -> anyhow::Result<Items> {
    let mut out = Items { unit: "line", ..Items::default() };
    let sheet = sheet(text)?;
    let hashes = what == What::Indicators && sheet.head.iter().any(|column| column == "hmac");
    let needed: Vec<&str> = needed(what).iter().copied().filter(|column| !(hashes && *column == "value")).collect();
    require(&needed, &sheet.head, &sheet.head)?;
    for (place, mut row) in sheet.rows {
        if sheet.semicolons {
            decimal_points(what, &mut row);
        }
        match item(what, row, &mut out.ignored)? {
            Some(json) => out.items.push(Item { place, json }),
            None => out.without_value += 1,
        }
    }
    Ok(out)
}

/// Reads CSV with a head; commas part the cells, or semicolons where the head has them and no comma.
///
/// # Errors
/// When rows differ in length, a column stands there twice, or the text is not CSV.
pub fn sheet(text: &str) -> anyhow::Result<Sheet> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().find(|line| !line.trim().is_empty()).context("the file is empty")?;
    let semicolons = first.contains(';') && !first.contains(',');
    let delimiter = if semicolons { b';' } else { b',' };
    let mut reader = ::csv::ReaderBuilder::new().delimiter(delimiter).trim(::csv::Trim::All).from_reader(text.as_bytes());
    let head = reader.headers().context("the file has no head")?.clone();
    for (i, column) in head.iter().enumerate() {
        if head.iter().take(i).any(|c| c == column) {
            bail!("the column {column:?} stands there twice");
        }
    }
    let cells =
        |record: &::csv::StringRecord| head.iter().zip(record).filter(|(_, cell)| !cell.is_empty()).map(|(c, v)| (c.to_owned(), v.to_owned())).collect();
    let rows = reader
        .records()
        .map(|record| {
            let record = record.map_err(uneven)?;
            Ok((record.position().map_or(0, ::csv::Position::line), cells(&record)))
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Sheet { head: head.iter().map(str::to_owned).collect(), rows, semicolons })
}

/// What is wrong with a row, in words.
fn uneven(error: ::csv::Error) -> anyhow::Error {
    let &::csv::ErrorKind::UnequalLengths { ref pos, expected_len, len } = error.kind() else { return error.into() };
    let line = pos.as_ref().map_or(0, ::csv::Position::line);
    anyhow!("line {line} has {len} cells, the head has {expected_len} columns; a cell with the separator in it needs \"quotes\"")
}

/// The columns without which no row could be kept.
pub const fn needed(what: What) -> &'static [&'static str] {
    match what {
        What::Metrics => &["metric", "value", "observed_at"],
        What::Incidents => &["external_id", "title", "severity"],
        What::Events => &["external_id", "title", "severity", "observed_at"],
        What::Indicators => &["type", "value"],
        What::IndicatorCounts => &["window_start", "window_end", "type", "tlp", "severity", "count"],
    }
}

/// Whether all needed columns are there: `has` are the file's own and what a mapping makes of them, `head` the file's own.
///
/// # Errors
/// Names those that are missing, and those of the file: one error, where each row would be refused for the same reason.
pub fn require(needed: &[&str], has: &[String], head: &[String]) -> anyhow::Result<()> {
    let missing: Vec<&str> = needed.iter().copied().filter(|column| !has.iter().any(|h| h == column)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let word = if missing.len() == 1 { "column" } else { "columns" };
    bail!("the head lacks the {word} {}; it has {}", missing.join(", "), head.join(", "))
}

/// Reads `93,5` as 93.5 in fields that are numbers: a file with semicolons comes from where commas are decimal.
pub fn decimal_points(what: What, row: &mut Row) {
    for (_, cell) in row.iter_mut().filter(|(column, _)| numbers(what).contains(&column.as_str())) {
        if cell
            .split_once(',')
            .is_some_and(|(whole, rest)| !rest.is_empty() && (whole.to_owned() + rest).trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()))
        {
            *cell = cell.replace(',', ".");
        }
    }
}

const fn numbers(what: What) -> &'static [&'static str] {
    match what {
        What::Metrics => &["value"],
        What::Indicators => &["confidence", "hmac_key"],
        What::IndicatorCounts => &["count"],
        What::Incidents | What::Events => &[],
    }
}

/// One CSV row as an item; `None` for a metric without a value. Columns without a field are noted in `ignored`.
///
/// # Errors
/// Never for what is in the cells.
pub fn item(what: What, row: Row, ignored: &mut Vec<String>) -> anyhow::Result<Option<Box<RawValue>>> {
    let (fields, others): (&[&str], Others) = match what {
        What::Metrics => (&["metric", "unit", "observed_at"], Others::Labels),
        What::Incidents => (
            &["external_id", "title", "severity", "status", "tlp", "class", "opened_at", "closed_at", "updated_at", "description", "owner"],
            Others::Attributes,
        ),
        What::Events => (&["external_id", "title", "kind", "severity", "tlp", "observed_at", "incident"], Others::Attributes),
        What::Indicators => (&["type", "value", "hmac", "tlp", "severity", "first_seen", "last_seen", "valid_until", "description"], Others::Ignored),
        What::IndicatorCounts => (&["window_start", "window_end", "type", "tlp", "severity"], Others::Ignored),
    };
    if what == What::Metrics && !row.iter().any(|(column, _)| column == "value") {
        return Ok(None);
    }
    let mut object = Map::new();
    let mut more = Map::new();
    for (column, cell) in row {
        if fields.contains(&column.as_str()) {
            object.insert(column, Value::String(cell));
        } else if numbers(what).contains(&column.as_str()) {
            object.insert(column, number(cell));
        } else if column == "recipients" && matches!(what, What::Incidents | What::Events | What::Indicators) {
            object.insert(column, cell.split([' ', ',', ';']).filter(|s| !s.is_empty()).collect());
        } else if let (Others::Labels, Some(label)) = (others, column.strip_prefix("label.")) {
            more.insert(label.to_owned(), Value::String(cell));
        } else if others == Others::Attributes {
            more.insert(column, Value::String(cell));
        } else if !ignored.contains(&column) {
            ignored.push(column);
        }
    }
    if !more.is_empty() {
        object.insert(if others == Others::Labels { "labels" } else { "attributes" }.to_owned(), Value::Object(more));
    }
    Ok(Some(serde_json::value::to_raw_value(&object)?))
}

/// What becomes of columns that are no field.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    /// `label.site` becomes the label `site`; the rest is ignored.
    Labels,
    Attributes,
    Ignored,
}

/// A cell as a JSON number. What is none stays text, so that the server names the field.
fn number(cell: String) -> Value {
    let whole = cell.parse::<i64>().ok().map(Value::from);
    whole.or_else(|| cell.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number)).unwrap_or(Value::String(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(what: What, format: Format, text: &str) -> (Vec<(u64, String)>, Items) {
        let read = read(what, format, text).unwrap();
        (read.items.iter().map(|i| (i.place, i.json.get().to_owned())).collect(), read)
    }

    #[test]
    fn csv_metrics() {
        let (items, read) = text(
            What::Metrics,
            Format::Csv,
            "\u{feff}metric,value,unit,observed_at,label.site,numerator\nmfa_coverage_pct,91.5,percent,2026-01-02,north,183\n\nhsts_pct,,percent,2026-01-02,,0\nhsts_pct,many,,2026-01-02,,\n",
        );
        assert_eq!(
            items,
            [
                (2, r#"{"labels":{"site":"north"},"metric":"mfa_coverage_pct","observed_at":"2026-01-02","unit":"percent","value":91.5}"#.to_owned()),
                (5, r#"{"metric":"hsts_pct","observed_at":"2026-01-02","value":"many"}"#.to_owned()),
            ]
        );
        assert_eq!((read.ignored, read.without_value), (vec!["numerator".to_owned()], 1));
    }

    #[test]
    fn csv_incidents_keep_other_columns_as_attributes() {
        let (items, _) = text(What::Incidents, Format::Csv, "external_id,title,severity,recipients,ward\nA-1,\"Lost, found\",low,one two,7\n");
        assert_eq!(items[0].1, r#"{"attributes":{"ward":"7"},"external_id":"A-1","recipients":["one","two"],"severity":"low","title":"Lost, found"}"#);
    }

    #[test]
    fn semicolons_part_cells_and_commas_are_decimal_then() {
        let (items, _) = text(What::Metrics, Format::Csv, "metric;value;observed_at;label.site\nhsts_pct;93,5;2026-01-02;a,b\nhsts_pct;1,234,5;2026-01-02;\n");
        assert_eq!(items[0].1, r#"{"labels":{"site":"a,b"},"metric":"hsts_pct","observed_at":"2026-01-02","value":93.5}"#);
        assert!(items[1].1.ends_with(r#""value":"1,234,5"}"#), "no guesses: {}", items[1].1);
        let (items, _) = text(What::Metrics, Format::Csv, "metric,value,observed_at\nhsts_pct,\"1,234\",2026-01-02\n");
        assert!(items[0].1.ends_with(r#""value":"1,234"}"#), "{}", items[0].1);
    }

    #[test]
    fn a_missing_column_is_one_error_about_the_head() {
        let error = read(What::Metrics, Format::Csv, "metrik,value,unit\nhsts_pct,1,percent\nhsts_pct,2,percent\n").unwrap_err().to_string();
        assert_eq!(error, "the head lacks the columns metric, observed_at; it has metrik, value, unit");
    }

    #[test]
    fn json_is_passed_on_as_written() {
        let (items, _) = text(What::Metrics, Format::Json, r#"{"items":[{"value":1.50,"value":2}]}"#);
        assert_eq!(items, [(1, r#"{"value":1.50,"value":2}"#.to_owned())]);
        let (items, _) = text(What::Events, Format::Ndjson, "{\"a\":1}\n\n{\"b\":2}\n");
        assert_eq!(items.iter().map(|i| i.0).collect::<Vec<_>>(), [1, 3]);
        assert!(read(What::Events, Format::Ndjson, "{\"a\":1}\noops\n").unwrap_err().to_string().contains("line 2"));
        assert!(read(What::Events, Format::Json, "{}").is_err());
    }

    #[test]
    fn refuses_what_is_no_table() {
        let wrong = |text| sheet(text).unwrap_err().to_string();
        assert!(wrong("a,b\n1,2\n3\n").starts_with("line 3 has 1 cells, the head has 2 columns"), "{}", wrong("a,b\n1,2\n3\n"));
        assert!(wrong("a,a\n1,2\n").contains("twice"));
        assert!(wrong("\u{feff}\n").contains("empty"));
        assert!(utf8(vec![b'a', 0xe4]).unwrap_err().to_string().contains("not UTF-8 (byte 1)"));
    }
}
