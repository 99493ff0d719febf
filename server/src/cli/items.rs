//! Files as items of a push: JSON, NDJSON or CSV in, the API's own item objects out. `push` and `import` share it.
//!
//! Nothing is judged here beyond what reading needs: the server's validation is the only one, so that a file and a request are
//! refused for the same reasons. JSON items are passed on as they were written.

mod decimal;
mod doubts;
mod sheet;

pub use decimal::{Decimal, Writing};
pub use doubts::Doubts;
pub use sheet::{Row, Sheet, sheet};

use crate::{api::parse::syntax, encoding, json_text};
use anyhow::{anyhow, bail};
use serde_json::value::{RawValue, to_raw_value};
use std::{collections::BTreeMap, path::Path};
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
            "csv" | "tsv" | "tab" | "txt" => Some(Self::Csv),
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
    /// The organisation that a JSON body names, for the hub to judge.
    pub org: Option<Box<RawValue>>,
    /// What [`Item::place`] counts: `line` or `item`.
    pub unit: &'static str,
    /// Columns that this class of data has no field for.
    pub ignored: Vec<String>,
    /// Rows left out because they have no value: unknown is not zero.
    pub without_value: u64,
    /// Numbers that the hub will refuse, with what is wrong with them in this file.
    pub doubts: Doubts,
}

/// A file's bytes as text: UTF-8 with or without a byte order mark, UTF-16, or Windows-1252, which is said on standard error.
///
/// # Errors
/// When they are nothing of that.
pub fn decoded(bytes: &[u8]) -> anyhow::Result<String> {
    let wrong = match encoding::text(bytes) {
        Ok(text) => return Ok(text.into_owned()),
        Err(wrong) => wrong,
    };
    if let Some(text) = encoding::windows_1252(bytes) {
        eprintln!("The file is not UTF-8 and was read as Windows-1252. If letters come out wrong, save it as UTF-8, in Excel as \"CSV UTF-8\".");
        return Ok(text);
    }
    bail!("not UTF-8 (byte {}), nor Windows-1252; save it as UTF-8, in Excel as \"CSV UTF-8\"", wrong.at)
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
    match format {
        Format::Json => json(what, text),
        Format::Ndjson => ndjson(text),
        Format::Csv => csv(what, text),
    }
}

fn json(what: What, text: &str) -> anyhow::Result<Items> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        items: Vec<Box<RawValue>>,
        #[serde(default)]
        org: Option<Box<RawValue>>,
    }
    let whole: Box<RawValue> = match serde_json::from_str(text) {
        Ok(whole) => whole,
        // What some programs call JSON is one object a line.
        Err(wrong) => {
            return ndjson(text).ok().filter(|lines| lines.items.len() > 1).ok_or_else(|| anyhow!("the file is not JSON: {}", syntax::words(&wrong, 1)));
        }
    };
    let mut org = None;
    let list = if whole.get().starts_with('[') {
        serde_json::from_str::<Vec<Box<RawValue>>>(whole.get()).map_err(|_| anyhow!("the file is not a JSON list"))?
    } else if what == What::IndicatorCounts {
        vec![whole]
    } else {
        let body = serde_json::from_str::<Body>(whole.get()).map_err(|_| anyhow!("the file is neither a JSON list nor {{\"items\": […]}}"))?;
        org = body.org;
        body.items
    };
    let items = list.into_iter().zip(1..).map(|(json, place)| Item { place, json }).collect();
    Ok(Items { items, org, unit: "item", ..Items::default() })
}

fn ndjson(text: &str) -> anyhow::Result<Items> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = encoding::lines(text).zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let items = lines
        .map(|(line, place)| {
            let json = serde_json::from_str(line).map_err(|e| anyhow!("line {place} is not JSON: {}", syntax::words(&e, place as usize)))?;
            Ok(Item { place, json })
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Items { items, unit: "line", ..Items::default() })
}

fn csv(what: What, text: &str) -> anyhow::Result<Items> {
    let mut out = Items { unit: "line", ..Items::default() };
    let sheet = sheet(text)?;
    let head: Vec<String> = sheet.head.iter().map(|column| field(what, column)).collect();
    for (i, column) in head.iter().enumerate() {
        if head[..i].contains(column) {
            bail!("the column {column} stands there twice");
        }
    }
    let hashes = what == What::Indicators && head.iter().any(|column| column == "hmac");
    let needed: Vec<&str> = needed(what).iter().copied().filter(|column| !(hashes && *column == "value")).collect();
    require(&needed, &head, &sheet.head)?;
    let writing = sheet.writing(|column| is_number(what, column))?;
    for (place, row) in sheet.rows {
        out.doubts.note(what, place, &row, &writing);
        match item(what, row, writing.decimal, &mut out.ignored)? {
            Some(json) => out.items.push(Item { place, json }),
            None => out.without_value += 1,
        }
    }
    Ok(out)
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

/// Whether a column holds numbers.
pub fn is_number(what: What, column: &str) -> bool {
    numbers(what).contains(&field(what, column).as_str())
}

const fn numbers(what: What) -> &'static [&'static str] {
    match what {
        What::Metrics => &["value"],
        What::Indicators => &["confidence", "hmac_key"],
        What::IndicatorCounts => &["count"],
        What::Incidents | What::Events => &[],
    }
}

/// The fields of a class that are texts or words.
const fn texts(what: What) -> &'static [&'static str] {
    match what {
        What::Metrics => &["org", "metric", "unit", "observed_at"],
        What::Incidents => {
            &["org", "external_id", "title", "severity", "status", "tlp", "class", "opened_at", "closed_at", "updated_at", "description", "owner"]
        }
        What::Events => &["org", "external_id", "title", "kind", "severity", "tlp", "observed_at", "incident"],
        What::Indicators => &["org", "type", "value", "hmac", "tlp", "severity", "first_seen", "last_seen", "valid_until", "description"],
        What::IndicatorCounts => &["org", "window_start", "window_end", "type", "tlp", "severity"],
    }
}

/// The field that a column is, whatever case its name is written in, with blanks or hyphens for underscores; the column's own name where it is none.
pub fn field(what: What, column: &str) -> String {
    let plain = column.to_lowercase().replace([' ', '-'], "_");
    let own_form = match plain.as_str() {
        "recipients" => what.is_marked(),
        "attributes" => Others::of(what) == Others::Attributes,
        _ => false,
    };
    if own_form || texts(what).contains(&plain.as_str()) || numbers(what).contains(&plain.as_str()) {
        return plain;
    }
    match column.get(..6) {
        Some(label) if what == What::Metrics && label.eq_ignore_ascii_case("label.") => format!("label.{}", &column[6..]),
        _ => column.to_owned(),
    }
}

/// One CSV row as an item; `None` for a metric without a value. Columns without a field are noted in `ignored`.
///
/// # Errors
/// Never for what is in the cells.
pub fn item(what: What, row: Row, decimal: Decimal, ignored: &mut Vec<String>) -> anyhow::Result<Option<Box<RawValue>>> {
    let others = Others::of(what);
    if what == What::Metrics && !row.iter().any(|(column, _)| field(what, column) == "value") {
        return Ok(None);
    }
    let mut object: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    let mut more: Vec<(String, Box<RawValue>)> = vec![];
    for (column, cell) in row {
        let column = field(what, &column);
        // Whose an item is, the hub judges: one that names another organisation is refused, whatever form it comes in.
        if texts(what).contains(&column.as_str()) {
            object.insert(column, to_raw_value(&cell)?);
        } else if numbers(what).contains(&column.as_str()) {
            object.insert(column, to_raw_value(&decimal.number(cell))?);
        } else if column == "recipients" && what.is_marked() {
            object.insert(column, to_raw_value(&cell.split([' ', ',', ';']).filter(|s| !s.is_empty()).collect::<Vec<_>>())?);
        } else if column == "attributes" && others == Others::Attributes {
            let members = json_text::fields(&cell);
            if members.is_empty() {
                // Whatever else it is, the hub will say.
                object.insert(column, serde_json::from_str(&cell).or_else(|_| to_raw_value(&cell))?);
            }
            more.extend(members.into_iter().map(|(name, raw)| (name.into_owned(), raw.to_owned())));
        } else if let (Others::Labels, Some(label)) = (others, column.strip_prefix("label.")) {
            more.push((label.to_owned(), to_raw_value(&cell)?));
        } else if others == Others::Attributes {
            more.push((column, to_raw_value(&cell)?));
        } else if !ignored.contains(&column) {
            ignored.push(column);
        }
    }
    if !more.is_empty() {
        more.sort_by(|(a, _), (b, _)| a.cmp(b));
        let name = if others == Others::Labels { "labels" } else { "attributes" };
        // What stands there twice goes on twice, for the hub to refuse.
        object.entry(name.to_owned()).or_insert(RawValue::from_string(json_text::object_of(more.into_iter().map(|(name, raw)| (name, raw.get().to_owned()))))?);
    }
    Ok(Some(to_raw_value(&object)?))
}

/// What becomes of columns that are no field.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    /// `label.site` becomes the label `site`; the rest is ignored.
    Labels,
    /// Each is one, and the column `attributes` holds several in one JSON object, as in the hub's own files.
    Attributes,
    Ignored,
}

impl Others {
    const fn of(what: What) -> Self {
        match what {
            What::Metrics => Self::Labels,
            What::Incidents | What::Events => Self::Attributes,
            What::Indicators | What::IndicatorCounts => Self::Ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn text_of(what: What, format: Format, text: &str) -> (Vec<(u64, String)>, Items) {
        let read = read(what, format, text).unwrap();
        (read.items.iter().map(|i| (i.place, i.json.get().to_owned())).collect(), read)
    }

    #[test]
    fn csv_metrics() {
        let (items, read) = text_of(
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
        let (items, _) = text_of(What::Incidents, Format::Csv, "external_id,title,severity,recipients,ward\nA-1,\"Lost, found\",low,one two,7\n");
        assert_eq!(items[0].1, r#"{"attributes":{"ward":"7"},"external_id":"A-1","recipients":["one","two"],"severity":"low","title":"Lost, found"}"#);
    }

    #[test]
    fn attributes_may_stand_in_one_cell() {
        let text = "external_id,title,severity,Attributes,ward\nA-1,a,low,\"{\"\"z\"\": 1.50, \"\"b c\"\":true}\",7\nA-2,a,low,{},\nA-3,a,low,none,\n";
        let (items, _) = text_of(What::Incidents, Format::Csv, text);
        for (item, attributes) in items.iter().zip([r#"{"b c":true,"ward":"7","z":1.50}"#, "{}", "\"none\""]) {
            assert!(item.1.starts_with(&format!(r#"{{"attributes":{attributes},"external_id":"A-"#)), "{}", item.1);
        }
        let (twice, _) = text_of(What::Events, Format::Csv, "external_id,title,severity,observed_at,attributes,a\nE,a,low,2026-01-02,\"{\"\"a\"\":1}\",2\n");
        assert!(twice[0].1.starts_with(r#"{"attributes":{"a":1,"a":"2"},"#), "for the hub to refuse: {}", twice[0].1);
        assert_eq!(text_of(What::Indicators, Format::Csv, "type,value,attributes\nurl,http://a.example/,{}\n").1.ignored, ["attributes"]);
    }

    #[test]
    fn cells_may_be_missing_at_the_end_of_a_row() {
        let (items, read) =
            text_of(What::Metrics, Format::Csv, "metric,value,observed_at,unit,label.site\nhsts_pct,1,2026-01-02\nhsts_pct,2,2026-01-02,percent\nhsts_pct\n");
        assert_eq!(items[0].1, r#"{"metric":"hsts_pct","observed_at":"2026-01-02","value":1}"#);
        assert_eq!(items[1].1, r#"{"metric":"hsts_pct","observed_at":"2026-01-02","unit":"percent","value":2}"#);
        assert_eq!((items.len(), read.without_value), (2, 1));
        let error = read_error("external_id,title,severity\nA,\"two\nlines\",low\nB,b,low,more\n");
        assert_eq!(error, "line 4 has 4 cells, the head has 3 columns; a cell with the separator in it needs \"quotes\"");
    }

    fn read_error(text: &str) -> String {
        read(What::Incidents, Format::Csv, text).unwrap_err().to_string()
    }

    #[test]
    fn semicolons_part_cells_and_commas_are_decimal_then() {
        let (items, _) =
            text_of(What::Metrics, Format::Csv, "metric;value;observed_at;label.site\nhsts_pct;93,5;2026-01-02;a,b\nhsts_pct;1,234,5;2026-01-02;\n");
        assert_eq!(items[0].1, r#"{"labels":{"site":"a,b"},"metric":"hsts_pct","observed_at":"2026-01-02","value":93.5}"#);
        assert!(items[1].1.ends_with(r#""value":"1,234,5"}"#), "no guesses: {}", items[1].1);
        let (items, _) = text_of(What::Metrics, Format::Csv, "metric;value;observed_at\nmean_time_to_detect_hours;1.234;2026-01-02\n");
        assert!(items[0].1.ends_with(r#""value":"1.234"}"#), "more than a thousand, or little more than one: {}", items[0].1);
        // One number with a decimal comma says how all of the file are written, whatever parts the cells.
        let tabs = "metric\tvalue\tobserved_at\nmean_time_to_detect_hours\t1.234\t2026-01-02\nhsts_pct\t93,5\t2026-01-02\n";
        let (items, _) = text_of(What::Metrics, Format::Csv, tabs);
        assert!(items[0].1.ends_with(r#""value":"1.234"}"#) && items[1].1.ends_with(r#""value":93.5}"#), "{items:?}");
        let (items, _) = text_of(What::Metrics, Format::Csv, &tabs.replace("93,5", "93.5"));
        assert!(items[0].1.ends_with(r#""value":1.234}"#), "{items:?}");
        // So does one with a decimal point, and a file with both says neither.
        let points = "metric;value;observed_at\nmean_time_to_detect_hours;1,234;2026-01-02\nhsts_pct;93.5;2026-01-02\n";
        let (items, _) = text_of(What::Metrics, Format::Csv, points);
        assert!(items[0].1.ends_with(r#""value":"1,234"}"#) && items[1].1.ends_with(r#""value":93.5}"#), "{items:?}");
        let both = read(What::Metrics, Format::Csv, &format!("{points}hsts_pct;92,5;2026-01-02\n")).unwrap_err().to_string();
        assert_eq!(both, "line 4 has a decimal comma (92,5) and line 3 a decimal point (93.5); write all numbers of the file in one way");
        let (items, _) = text_of(What::Metrics, Format::Csv, "metric,value,observed_at\nhsts_pct,\"1,234\",2026-01-02\n");
        assert!(items[0].1.ends_with(r#""value":"1,234"}"#), "{}", items[0].1);
    }

    #[test]
    fn a_missing_column_is_one_error_about_the_head() {
        let error = read(What::Metrics, Format::Csv, "metrik,value,unit\nhsts_pct,1,percent\nhsts_pct,2,percent\n").unwrap_err().to_string();
        assert_eq!(error, "the head lacks the columns metric, observed_at; it has metrik, value, unit");
    }

    #[test]
    fn json_is_passed_on_as_written() {
        let (items, _) = text_of(What::Metrics, Format::Json, r#"{"items":[{"value":1.50,"value":2}]}"#);
        assert_eq!(items, [(1, r#"{"value":1.50,"value":2}"#.to_owned())]);
        let (items, _) = text_of(What::Events, Format::Ndjson, "{\"a\":1}\n\n{\"b\":2}\n");
        assert_eq!(items.iter().map(|i| i.0).collect::<Vec<_>>(), [1, 3]);
        assert!(read(What::Events, Format::Ndjson, "{\"a\":1}\noops\n").unwrap_err().to_string().contains("line 2"));
        assert!(read(What::Events, Format::Json, "{}").is_err());
    }

    #[test]
    fn refuses_what_is_no_table() {
        let wrong = |text| sheet(text).unwrap_err().to_string();
        assert!(wrong("a,b\n1,2\n3,4,5\n").starts_with("line 3 has 3 cells, the head has 2 columns"), "{}", wrong("a,b\n1,2\n3,4,5\n"));
        assert!(wrong("a,a\n1,2\n").contains("twice"));
        assert!(wrong("\u{feff}\n").contains("empty"));
        assert!(wrong("a,b\n1,\"2\n3,4\n").contains("line 2"), "a quotation mark that nobody closes");
        assert!(wrong("a,,b\n1,2,3\n").contains("column 2 has no name"));
        assert!(decoded(b"a\x81").unwrap_err().to_string().contains("not UTF-8 (byte 1)"));
        assert_eq!(decoded(b"M\xfcller").unwrap(), "Müller");
    }

    /// What spreadsheets and feeds really write.
    #[test]
    fn files_as_they_are() {
        let good: [(u64, String); 1] = [(2, r#"{"metric":"mfa_coverage_pct","observed_at":"2026-11-29","unit":"percent","value":93.5}"#.to_owned())];
        for text in [
            "metric,value,unit,observed_at\nmfa_coverage_pct,93.5,percent,2026-11-29\n",
            "metric,value,unit,observed_at,,\r\nmfa_coverage_pct,93.5,percent,2026-11-29,,\r\n",
            "metric,value,unit,observed_at\rmfa_coverage_pct,93.5,percent,2026-11-29\r",
            "metric\tvalue\tunit\tobserved_at\nmfa_coverage_pct\t93.5\tpercent\t2026-11-29\n,,,\n".replace(",,,\n", "\t\t\t\n").as_str(),
            "metric;value;unit;observed_at\nmfa_coverage_pct;93,5;percent;2026-11-29\n;;;\n",
            "Metric, Value ,UNIT,Observed At\n mfa_coverage_pct , 93.5 ,percent,2026-11-29\n,,,\n , ,,\n",
            "\"metric\",\"value\",\"unit\",\"observed_at\"\n\"mfa_coverage_pct\", \"93.5\",\"percent\",\"2026-11-29\"",
        ] {
            assert_eq!(text_of(What::Metrics, Format::Csv, text).0, good, "{text}");
        }
        let later = |text: &str| text_of(What::Metrics, Format::Csv, text).0;
        assert_eq!(later("sep=;\r\nmetric;value;unit;observed_at\r\nmfa_coverage_pct;93,5;percent;2026-11-29\r\n"), [(3, good[0].1.clone())]);
        assert_eq!(later("# Export of today\n#\nmetric,value,unit,observed_at\nmfa_coverage_pct,93.5,percent,2026-11-29\n# end\n"), [(4, good[0].1.clone())]);
        assert_eq!(
            later("# of today\n# metric,value,unit,observed_at\nmfa_coverage_pct,93.5,percent,2026-11-29\n"),
            [(3, good[0].1.clone())],
            "the head is a comment"
        );
        let percent = later("metric;value;observed_at\nmfa_coverage_pct;93,5 %;2026-11-29\n");
        assert!(percent[0].1.ends_with(r#""value":"93.5 %"}"#), "for the hub to judge by the metric's unit: {}", percent[0].1);
    }

    #[test]
    fn lines_are_the_editors() {
        let text = "external_id,title,severity\r\nCR-1,\"one\r\nand more\",high\r\n\r\n,,\r\nCR-2,two,hgih\r\n";
        let (items, _) = text_of(What::Incidents, Format::Csv, text);
        assert_eq!(items.iter().map(|item| item.0).collect::<Vec<_>>(), [2, 6]);
        assert!(items[0].1.contains("one\\r\\nand more"), "{}", items[0].1);
        let (items, _) = text_of(What::Events, Format::Ndjson, "{\"a\":1}\r\n\r\n{\"b\":2}\r{\"c\":3}");
        assert_eq!(items.iter().map(|item| item.0).collect::<Vec<_>>(), [1, 3, 4]);
        let (items, _) = text_of(What::Events, Format::Json, "{\"a\":1}\n{\"b\":2}\n");
        assert_eq!(items.len(), 2, "one object a line is no JSON, but means something");
    }

    /// A cell that the hub's own files guard against spreadsheets is read as it was.
    #[test]
    fn the_hubs_own_files_are_read_back() {
        let titles = ["=1+1", "-dash", "+49 1", "@you", "'=quoted", "''", "plain", "a\nb", "\"q\""];
        let rows = titles.iter().map(|title| vec!["alpha".to_owned(), "x".to_owned(), (*title).to_owned(), "low".to_owned()]);
        let file = String::from_utf8(crate::csv::csv(&["org", "external_id", "title", "severity"], rows)).unwrap();
        let (items, read) = text_of(What::Incidents, Format::Csv, &file);
        let back: Vec<String> = items.iter().map(|item| serde_json::from_str::<Value>(&item.1).unwrap()["title"].as_str().unwrap().to_owned()).collect();
        assert_eq!(back, titles);
        assert!(read.ignored.is_empty() && items.iter().all(|item| item.1.contains(r#""org":"alpha""#)));
    }

    /// No message of the reader is in the program's words.
    #[test]
    fn messages_are_for_people() {
        let texts = [
            "",
            "\n",
            "a",
            "a,b\n1\n",
            "a,a\n",
            "a,,b\n1,2,3\n",
            "a,\"b\n",
            "{",
            "[1",
            "{}",
            "5",
            "{\"items\":5}",
            "{\"items\":[],\"x\":1}",
            "{\"a\":1}\noops\n",
            "sep=;",
            "# only",
        ];
        for what in What::ALL {
            for text in texts {
                for format in [Format::Json, Format::Ndjson, Format::Csv] {
                    if let Err(error) = read(what, format, text) {
                        crate::api::parse::is_for_people(&format!("{error:#}"), text);
                    }
                }
            }
        }
    }
}
