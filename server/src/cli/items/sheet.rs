//! CSV as spreadsheets and feeds write it (RFC 4180 and what goes beyond it): commas, semicolons, tabs or bars between cells, any line end, `sep=`, comments
//! in front, empty columns and rows.

use super::{Decimal, Writing};
use crate::{csv::armed, encoding};
use anyhow::{Context, bail};

/// One row of a CSV file: column and cell, without empty cells.
pub type Row = Vec<(String, String)>;

/// A CSV file.
#[derive(Debug)]
pub struct Sheet {
    /// The columns, in their order.
    pub head: Vec<String>,
    /// Each row with the line it begins on, as an editor counts.
    pub rows: Vec<(u64, Row)>,
    /// How its numbers are written where none of them shows it, by what parts its cells: Excel takes semicolons where numbers have a decimal comma.
    by_separator: Decimal,
}

impl Sheet {
    /// How the numbers in these columns are written, as the first one that can be read in only one way shows it.
    ///
    /// # Errors
    /// When one of them has a decimal comma and another one a decimal point: then 1,234 and 1.234 could be either.
    pub fn writing(&self, is_number: impl Fn(&str) -> bool) -> anyhow::Result<Writing> {
        let first = |shows: fn(&str) -> bool| {
            let numbers = self.rows.iter().flat_map(|(line, row)| row.iter().map(move |(column, cell)| (*line, column, cell)));
            numbers.filter(|(_, column, _)| is_number(column)).find(|(.., cell)| shows(cell))
        };
        match (first(Decimal::is_comma), first(Decimal::is_point)) {
            (Some((comma, _, with_comma)), Some((point, _, with_point))) => bail!(
                "line {comma} has a decimal comma ({with_comma}) and line {point} a decimal point ({with_point}); write all numbers of the file in one way"
            ),
            (Some((line, _, number)), None) => Ok(Writing { decimal: Decimal::Comma, shown: Some((line, number.clone())) }),
            (None, Some((line, _, number))) => Ok(Writing { decimal: Decimal::Point, shown: Some((line, number.clone())) }),
            (None, None) => Ok(Writing { decimal: self.by_separator, shown: None }),
        }
    }
}

/// Reads CSV with a head. The separator is the one that the head has most of, or what a line `sep=` says.
///
/// # Errors
/// When a row has more cells than the head, a column stands there twice, or a quotation mark is never closed.
pub fn sheet(text: &str) -> anyhow::Result<Sheet> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let front = Front::of(text);
    let first = front.first.context("the file is empty")?;
    let separator = front.separator.unwrap_or_else(|| most(first));
    let mut lines = split(front.rest, separator, front.lines + 1)?;
    if lines.is_empty() {
        bail!("the head has no column");
    }
    let comment = front.comment.and_then(|comment| split(comment, separator, 1).ok()).and_then(|mut rows| (!rows.is_empty()).then(|| rows.remove(0).1));
    let mut head = match comment.filter(|comment| is_head(comment, &lines[0].1)) {
        Some(head) => head,
        None => lines.remove(0).1,
    };
    while head.last().is_some_and(String::is_empty) {
        head.pop();
    }
    if head.is_empty() {
        bail!("the head has no column");
    }
    for (i, column) in head.iter().enumerate() {
        if !column.is_empty() && head[..i].contains(column) {
            bail!("the column {column:?} stands there twice");
        }
    }
    let mut rows = vec![];
    for (line, mut cells) in lines {
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        // A comment at the end, where there is one in front.
        if cells.is_empty() || (front.has_comment && cells.len() == 1 && head.len() > 1 && cells[0].starts_with('#')) {
            continue;
        }
        // One with fewer ends in empty cells, which many programs leave off.
        if cells.len() > head.len() {
            bail!("line {line} has {} cells, the head has {} columns; a cell with the separator in it needs \"quotes\"", cells.len(), head.len());
        }
        let mut row = vec![];
        for (i, (column, cell)) in head.iter().zip(cells).enumerate() {
            match (column.as_str(), cell.as_str()) {
                (_, "") => {}
                ("", _) => bail!("column {} has no name in the head, and line {line} has something in it", i + 1),
                _ => row.push((column.clone(), cell)),
            }
        }
        rows.push((line, row));
    }
    Ok(Sheet {
        head: head.into_iter().filter(|column| !column.is_empty()).collect(),
        rows,
        by_separator: if separator == ';' { Decimal::Comma } else { Decimal::Point },
    })
}

/// What stands before the head.
struct Front<'a> {
    /// Lines before the first row.
    lines: u64,
    /// The first row.
    first: Option<&'a str>,
    /// The text from there on.
    rest: &'a str,
    separator: Option<char>,
    has_comment: bool,
    /// The last comment, without its mark: feeds write the head as one.
    comment: Option<&'a str>,
}

impl<'a> Front<'a> {
    fn of(text: &'a str) -> Self {
        let mut front = Self { lines: 0, first: None, rest: text, separator: None, has_comment: false, comment: None };
        for line in encoding::lines(text) {
            let bare = line.trim();
            front.rest = &text[line.as_ptr() as usize - text.as_ptr() as usize..];
            if let Some(comment) = bare.strip_prefix('#') {
                front.has_comment = true;
                front.comment = Some(comment.trim_start_matches('#').trim()).filter(|comment| !comment.is_empty()).or(front.comment);
            } else if let Some(separator) = separator_line(bare) {
                front.separator = Some(separator);
            } else if !bare.is_empty() {
                front.first = Some(line);
                break;
            }
            front.lines += 1;
        }
        front
    }
}

/// `sep=;`, which tells Excel how cells are parted.
fn separator_line(line: &str) -> Option<char> {
    let line = line.trim_matches('"');
    let (_, separator) = line.split_at_checked(4).filter(|(word, _)| word.eq_ignore_ascii_case("sep="))?;
    let mut chars = separator.chars();
    // A tab at the end of the line was taken off with the blanks.
    let separator = chars.next().unwrap_or('\t');
    chars.next().is_none().then_some(separator)
}

/// The separator that a head has most of, outside quotation marks.
fn most(head: &str) -> char {
    let outside: String = head.split('"').step_by(2).collect();
    let count = |separator: char| outside.matches(separator).count();
    // Of as many the first.
    [',', ';', '\t', '|'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(',')
}

/// Whether a comment is the head of the rows beneath: as many cells, all of them names, which the row's are not.
fn is_head(comment: &[String], first: &[String]) -> bool {
    let name = |cell: &String| cell.starts_with(|c: char| c.is_alphabetic()) && cell.chars().all(|c| c.is_alphanumeric() || " _.-".contains(c));
    comment.len() > 1 && comment.len() == first.len() && comment.iter().all(name) && !first.iter().all(name)
}

/// Rows of cells with the line that each begins on; `first` is the number of the text's first line.
fn split(text: &str, separator: char, first: u64) -> anyhow::Result<Vec<(u64, Vec<String>)>> {
    let mut chars = text.chars().peekable();
    let (mut line, mut begun) = (first, first);
    let (mut rows, mut cells, mut cell) = (vec![], vec![], String::new());
    // Where the quotation mark stands that is open.
    let mut open: Option<u64> = None;
    let close = |cell: &mut String| {
        let whole = std::mem::take(cell);
        armed(whole.trim()).trim().to_owned()
    };
    while let Some(c) = chars.next() {
        let ends = c == '\n' || c == '\r';
        if ends && c == '\r' && chars.peek() == Some(&'\n') && open.is_none() {
            chars.next();
        }
        match c {
            '"' if open.is_some() => {
                if chars.peek() == Some(&'"') {
                    chars.next();
                    cell.push('"');
                } else {
                    open = None;
                }
            }
            '"' if cell.trim().is_empty() => {
                cell.clear();
                open = Some(line);
            }
            _ if open.is_some() => cell.push(c),
            _ if c == separator => cells.push(close(&mut cell)),
            _ if ends => {
                cells.push(close(&mut cell));
                rows.push((begun, std::mem::take(&mut cells)));
            }
            _ => cell.push(c),
        }
        // Within quotation marks, CR and LF come one after the other.
        if ends && !(c == '\r' && chars.peek() == Some(&'\n')) {
            line += 1;
        }
        if ends && open.is_none() {
            begun = line;
        }
    }
    if let Some(line) = open {
        bail!("the quotation mark on line {line} is never closed");
    }
    if !cell.is_empty() || !cells.is_empty() {
        cells.push(close(&mut cell));
        rows.push((begun, cells));
    }
    rows.retain(|(_, cells)| cells.len() > 1 || cells.iter().any(|cell| !cell.is_empty()));
    Ok(rows)
}
