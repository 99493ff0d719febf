//! CSV for people's spreadsheets: RFC 4180 quoting, UTF-8, and no cell that a spreadsheet would run.

/// Writes a head and rows. Cells that a spreadsheet would take for a formula get an apostrophe in front; plain numbers,
/// negative ones too, stay as they are.
#[must_use]
pub fn csv(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    lines(std::iter::once(columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()).chain(rows))
}

/// Further rows of the same file.
#[must_use]
pub fn lines(rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut out = ::csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for record in rows {
        // Writing into memory fails for want of memory only.
        if let Err(error) = out.write_record(record.into_iter().map(harmless)) {
            tracing::error!(%error, "CSV row could not be written");
        }
    }
    out.into_inner().unwrap_or_default()
}

const RISKY: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The cell, disarmed (OWASP, "CSV Injection"). One that looks disarmed gets an apostrophe, too, so that [`armed`] gives back every cell.
fn harmless(cell: String) -> String {
    let risky = cell.trim_start_matches('\'').starts_with(RISKY);
    // `parse` alone would let `+inf` and `-nan` pass.
    let number = cell.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) && cell.parse::<f64>().is_ok();
    if risky && !number { format!("'{cell}") } else { cell }
}

/// The cell of a file of the hub's own as it was before it was disarmed.
#[must_use]
pub fn armed(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.trim_start_matches('\'').starts_with(RISKY)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[&str]) -> String {
        String::from_utf8(csv(&["a"], cells.iter().map(|c| vec![(*c).to_owned()]))).unwrap()
    }

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        assert_eq!(written(&["=1+1", "@SUM(A1)", "+inf", "-x", "-3.5", "+2", "-1e3", "7"]), "a\n'=1+1\n'@SUM(A1)\n'+inf\n'-x\n-3.5\n+2\n-1e3\n7\n");
        assert_eq!(written(&["\tx", "\r=1"]), "a\n'\tx\n\"'\r=1\"\n");
        assert_eq!(written(&["-", "--1", "=cmd|' /C calc'!A0"]), "a\n'-\n'--1\n'=cmd|' /C calc'!A0\n");
    }

    #[test]
    fn what_was_disarmed_is_given_back() {
        for cell in ["=1", "'=1", "''=1", "'x", "''", "-3.5", "x"] {
            assert_eq!(armed(harmless(cell.to_owned()).as_str()), cell);
        }
    }

    #[test]
    fn quotes_and_keeps_every_character() {
        let bytes = csv(&["name", "note"], [vec!["Ørn & \"Co\"".to_owned(), "a,b\nc".to_owned()]].into_iter());
        assert_eq!(String::from_utf8(bytes).unwrap(), "name,note\n\"Ørn & \"\"Co\"\"\",\"a,b\nc\"\n");
    }

    #[test]
    fn a_head_without_rows() {
        assert_eq!(csv(&["a", "b"], std::iter::empty()), b"a,b\n");
    }
}
