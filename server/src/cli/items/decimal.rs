//! Numbers as files write them.

use serde_json::Value;
use std::borrow::Cow;

/// What stands before the decimals of a file's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    Point,
    /// 93,5 is 93.5, and a point in front of three digits groups thousands.
    Comma,
}

/// How a file writes its numbers, and what shows it.
#[derive(Clone, Debug)]
pub struct Writing {
    pub decimal: Decimal,
    /// The first number that can be read in only one way, with its line; `None` where none can, so that it goes by what parts the cells.
    pub(super) shown: Option<(u64, String)>,
}

impl Writing {
    /// What is wrong with a number that has, or may have, grouped thousands, and what to write for it; `None` of any other.
    pub fn doubt(&self, cell: &str) -> Option<String> {
        let (own, other, name) = match self.decimal {
            Decimal::Point => ('.', ',', "point"),
            Decimal::Comma => (',', '.', "comma"),
        };
        let number = unsigned(cell);
        let sign = bare(cell).strip_suffix(number).unwrap_or_default();
        let (whole, decimals) = number.split_once(own).map_or((number, ""), |(whole, decimals)| (whole, decimals));
        let groups = groups(whole, other).filter(|_| is_digits(decimals) || whole == number)?;
        let plain = format!("{sign}{}{}", groups.concat(), &number[whole.len()..]);
        let or_decimals = match groups[..] {
            [first, decimals] if whole == number => format!(" or {sign}{first}{own}{decimals}"),
            _ => String::new(),
        };
        let writes = match &self.shown {
            Some((line, number)) => format!("this file writes decimals with a {name} (line {line}: {number})"),
            None if self.decimal == Decimal::Comma => "where semicolons part the cells, decimals have a comma".to_owned(),
            None => "decimals have a point".to_owned(),
        };
        Some(format!("{writes}, so {cell} could mean {plain}: write {plain}{or_decimals}."))
    }
}

impl Decimal {
    /// A cell as a JSON number. What is none, or might be another one where the file comes from, stays text, so that the hub names the field.
    pub fn number(self, cell: String) -> Value {
        let Some(pointed) = self.pointed(&cell) else {
            // Without the percent sign, with which it could be taken for a number again.
            return Value::String(bare(&cell).to_owned());
        };
        let whole = pointed.parse::<i64>().ok().map(Value::from);
        whole.or_else(|| float(&pointed).and_then(serde_json::Number::from_f64).map(Value::Number)).unwrap_or_else(|| Value::String(pointed.into_owned()))
    }

    /// Whether a cell can only be a number with a decimal comma: what has three digits behind it may be grouped.
    pub fn is_comma(cell: &str) -> bool {
        let number = unsigned(cell).split_once(',');
        number.is_some_and(|(whole, rest)| is_digits(whole) && is_digits(rest) && rest.len() != 3)
    }

    /// Whether a cell can only be a number with a decimal point: one with three digits behind it may be grouped.
    pub fn is_point(cell: &str) -> bool {
        let number = unsigned(cell).split_once('.');
        number.is_some_and(|(whole, rest)| is_digits(whole) && is_digits(rest) && rest.len() != 3)
    }

    /// The number in a cell; `None` for what is none, or might be another one.
    pub fn value(self, cell: &str) -> Option<f64> {
        self.pointed(cell).and_then(|pointed| float(&pointed))
    }

    /// The cell with a decimal point; `None` where the point in it may group thousands: 1.234 is more than a thousand where decimals have a comma.
    fn pointed(self, cell: &str) -> Option<Cow<'_, str>> {
        if self == Self::Point {
            return Some(Cow::Borrowed(cell));
        }
        let number = unsigned(cell);
        if number.split_once(',').is_some_and(|(whole, rest)| is_digits(whole) && is_digits(rest)) {
            return Some(Cow::Owned(cell.replace(',', ".")));
        }
        groups(number, '.').is_none().then_some(Cow::Borrowed(cell))
    }
}

/// The groups of a whole number whose thousands are grouped; `None` of any other. No group of thousands begins with a zero: 0.125 has decimals.
fn groups(whole: &str, between: char) -> Option<Vec<&str>> {
    let groups: Vec<&str> = whole.split(between).collect();
    let (first, rest) = groups.split_first()?;
    let grouped =
        is_digits(first) && first.len() <= 3 && !first.starts_with('0') && !rest.is_empty() && rest.iter().all(|group| group.len() == 3 && is_digits(group));
    grouped.then_some(groups)
}

/// A cell without a percent sign behind it.
fn bare(cell: &str) -> &str {
    cell.trim_end_matches(|c: char| c == '%' || c.is_whitespace())
}

/// The same without a sign before it.
fn unsigned(cell: &str) -> &str {
    bare(cell).trim_start_matches(['-', '+'])
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Rust alone would take `inf` and `nan`, too.
fn float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn grouped_thousands_are_told_by_what_to_write() {
        let comma = Writing { decimal: Decimal::Comma, shown: Some((3, "93,5".to_owned())) };
        let point = Writing { decimal: Decimal::Point, shown: Some((3, "93.5".to_owned())) };
        let write = |writing: &Writing, cell: &str| writing.doubt(cell).map(|said| said.split_once(": write ").unwrap().1.to_owned());
        for (cell, in_comma, in_point) in [
            ("1.234", Some("1234 or 1,234."), None),
            ("-1.234 %", Some("-1234 or -1,234."), None),
            ("1.234.567", Some("1234567."), None),
            ("1.234,5", Some("1234,5."), None),
            ("1,234", None, Some("1234 or 1.234.")),
            ("1,234,567.25", None, Some("1234567.25.")),
            ("0.125", None, None),
            ("0,125", None, None),
            ("93,5", None, None),
            ("1234", None, None),
            ("1.234,", None, None),
            ("many", None, None),
            ("", None, None),
        ] {
            assert_eq!((write(&comma, cell).as_deref(), write(&point, cell).as_deref()), (in_comma, in_point), "{cell}");
        }
        // What is told of is what is not sent as a number.
        for cell in ["1.234", "1,234", "1.234.567", "0.125", "1.234,5", "12.5"] {
            for writing in [&comma, &point] {
                assert!(writing.doubt(cell).is_none() || writing.decimal.number(cell.to_owned()).is_string(), "{cell} {writing:?}");
            }
        }
    }

    #[test]
    fn a_number_is_never_taken_for_another_one() {
        for (cell, point, comma) in [
            ("93.5", json!(93.5), json!(93.5)),
            ("93,5", json!("93,5"), json!(93.5)),
            ("-1,5", json!("-1,5"), json!(-1.5)),
            ("93,5 %", json!("93,5 %"), json!("93.5 %")),
            ("1.234", json!(1.234), json!("1.234")),
            ("1.234 %", json!("1.234 %"), json!("1.234")),
            ("-12.345", json!(-12.345), json!("-12.345")),
            ("1.234.567", json!("1.234.567"), json!("1.234.567")),
            ("0.125", json!(0.125), json!(0.125)),
            ("1234.567", json!(1234.567), json!(1234.567)),
            ("1,234", json!("1,234"), json!(1.234)),
            ("1,234.5", json!("1,234.5"), json!("1,234.5")),
            ("1.234,5", json!("1.234,5"), json!("1.234,5")),
            ("1,234,5", json!("1,234,5"), json!("1,234,5")),
            ("1 234,5", json!("1 234,5"), json!("1 234,5")),
            ("1\u{a0}234", json!("1\u{a0}234"), json!("1\u{a0}234")),
            ("1'234.5", json!("1'234.5"), json!("1'234.5")),
            ("1234", json!(1234), json!(1234)),
            ("inf", json!("inf"), json!("inf")),
        ] {
            assert_eq!((Decimal::Point.number(cell.to_owned()), Decimal::Comma.number(cell.to_owned())), (point, comma), "{cell}");
        }
        let commas = ["93,5", "-1,25 %", "0,1234"].map(Decimal::is_comma);
        let others = ["1,234", "1,234.5", "12,34,567", "93.5", ",5", "a,b", ""].map(Decimal::is_comma);
        assert!(commas.iter().all(|is| *is) && others.iter().all(|is| !is), "{commas:?} {others:?}");
        let points = ["93.5", "-1.25 %", "0.1234"].map(Decimal::is_point);
        let others = ["1.234", "1.234,5", "12.34.567", "93,5", ".5", "a.b", "93", ""].map(Decimal::is_point);
        assert!(points.iter().all(|is| *is) && others.iter().all(|is| !is), "{points:?} {others:?}");
        assert_eq!((Decimal::Comma.value("1.000"), Decimal::Comma.value("999,5"), Decimal::Point.value("1.000")), (None, Some(999.5), Some(1.0)));
    }
}
