//! Time as the whole product keeps it: UTC microseconds since 1970, in one integer.
//!
//! Microseconds because truncating to milliseconds makes clients fetch the same record for ever
//! (OpenCTI-Platform/opencti#10090), and because an integer means the same in SQLite and PostgreSQL.

use serde::{Deserialize, Serialize};
use std::fmt;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// One second, in microseconds.
pub const SECOND: i64 = 1_000_000;
/// One minute, in microseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// One hour, in microseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// One day of 24 hours, in microseconds.
pub const DAY: i64 = 24 * HOUR;

/// A moment: UTC microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Year, month (1-12), day (1-31), hour, minute, second of a moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub year: i32,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

/// What [`Timestamp::parse`] reads, as the end of a sentence about the field.
const ACCEPTED: &str =
    "must be a date and time with a zone, such as 2026-05-01T12:00:00Z or 2026-05-01T14:00:00+02:00 (RFC 3339), or a date, such as 2026-05-01";

/// English month names, three letters, January first.
pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Timestamp {
    /// Reads an RFC 3339 date-time (any offset), or a plain `YYYY-MM-DD` as midnight UTC. What programs write beside that is read, too (ISO 8601): a blank
    /// for the T, a zone without a colon or without minutes, `UTC` for Z, a comma before the fraction, no seconds.
    ///
    /// # Errors
    /// A sentence for the sender when the text is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let moment = match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(moment) => moment,
            Err(_) => {
                let text = as_rfc3339(text.trim())?;
                OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| ACCEPTED.to_owned())?
            }
        };
        i64::try_from(moment.unix_timestamp_nanos() / 1_000).map(Self).map_err(|_| "is out of range".to_owned())
    }

    /// Whether a text is the moment that programs write for none: the zero time of Go and .NET (the first day of the year 1), and MySQL's zero date.
    #[must_use]
    pub fn is_unset(text: &str) -> bool {
        let text = text.trim();
        text.starts_with("0001-01-01") || text.starts_with("0000-00-00")
    }

    /// The calendar fields in UTC (proleptic Gregorian; algorithm of H. Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms", civil_from_days). Written out because the `time` crate's formatter costs the browser bundle more.
    #[must_use]
    pub fn civil(self) -> Civil {
        let days = self.0.div_euclid(DAY);
        let rest = self.0.rem_euclid(DAY) / SECOND;
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Civil {
            year: (yoe + era * 400 + i64::from(month <= 2)) as i32,
            month: month as u8,
            day: (doy - (153 * mp + 2) / 5 + 1) as u8,
            hour: (rest / 3_600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
        }
    }

    /// RFC 3339 in UTC to the second: `2026-05-01T12:00:00Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let c = self.civil();
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second)
    }

    /// RFC 3339 in UTC with all six digits, for machines that page by time.
    #[must_use]
    pub fn rfc3339_micros(self) -> String {
        let text = self.rfc3339();
        format!("{}.{:06}Z", &text[..text.len() - 1], self.0.rem_euclid(SECOND))
    }

    /// `1 May 2026 12:00Z`, for people.
    #[must_use]
    pub fn human(self) -> String {
        let c = self.civil();
        format!("{} {} {} {:02}:{:02}Z", c.day, MONTHS[usize::from(c.month) - 1], c.year, c.hour, c.minute)
    }

    /// `1 May 2026 14:05:09Z`.
    #[must_use]
    pub fn human_to_the_second(self) -> String {
        let c = self.civil();
        format!("{} {:02}:{:02}:{:02}Z", self.date(), c.hour, c.minute, c.second)
    }

    /// `1 May 2026`.
    #[must_use]
    pub fn date(self) -> String {
        let c = self.civil();
        format!("{} {} {}", c.day, MONTHS[usize::from(c.month) - 1], c.year)
    }

    /// `14:05Z`.
    #[must_use]
    pub fn clock(self) -> String {
        let c = self.civil();
        format!("{:02}:{:02}Z", c.hour, c.minute)
    }

    /// Whole days since 1970; the bucket of the daily rollups.
    #[must_use]
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Whole hours since 1970; the bucket of the raw samples and the hourly rollups.
    #[must_use]
    pub fn hour(self) -> i64 {
        self.0.div_euclid(HOUR)
    }

    /// The first moment of a day bucket.
    #[must_use]
    pub fn of_day(day: i64) -> Self {
        Self(day * DAY)
    }

    /// This moment moved by `micros`, saturating.
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to here.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A date, or a date and time of ISO 8601, in the form of RFC 3339.
fn as_rfc3339(text: &str) -> Result<String, String> {
    let wrong = || ACCEPTED.to_owned();
    let (date, rest) = text.split_at_checked(10).ok_or_else(wrong)?;
    if rest.is_empty() {
        return Ok(format!("{date}T00:00:00Z"));
    }
    let rest = rest.strip_prefix(['T', 't', ' ']).ok_or_else(wrong)?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(end);
    let zone = match zone.trim() {
        "" => {
            let utc = as_rfc3339(&format!("{text}Z"))?;
            // What is no moment with a zone lacks more than that.
            OffsetDateTime::parse(&utc, &Rfc3339).map_err(|_| wrong())?;
            return Err(format!("has no zone: write {utc} if it is in UTC, or put the offset of its clock in place of the Z, such as +02:00"));
        }
        "Z" | "z" | "UTC" | "GMT" => "Z".to_owned(),
        offset => {
            let sign = if offset.starts_with('+') { '+' } else { '-' };
            let digits = offset.strip_prefix(['+', '-', '\u{2212}']).ok_or_else(wrong)?;
            let digits = if digits.as_bytes().get(2) == Some(&b':') { digits.replacen(':', "", 1) } else { digits.to_owned() };
            let digits = if digits.len() == 2 { digits + "00" } else { digits };
            if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            format!("{sign}{}:{}", &digits[..2], &digits[2..])
        }
    };
    let (clock, fraction) = clock.split_once(['.', ',']).map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    let fraction = fraction.map_or_else(String::new, |digits| format!(".{}", &digits[..digits.len().min(9)]));
    Ok(format!("{date}T{clock}{seconds}{fraction}{zone}"))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// A length of time in the largest fitting unit: `45 s`, `14 min`, `26 h`, `3 d`.
#[must_use]
pub fn duration(micros: i64) -> String {
    let seconds = micros.max(0) / SECOND;
    match seconds {
        0..=89 => format!("{seconds} s"),
        90..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_reads_offsets() {
        let t = Timestamp::parse("2026-05-01T14:00:00.123456+02:00").unwrap();
        assert_eq!(t.rfc3339_micros(), "2026-05-01T12:00:00.123456Z");
        assert_eq!(Timestamp::parse(&t.rfc3339_micros()).unwrap(), t);
        assert_eq!(Timestamp::parse("2024-02-29").unwrap().rfc3339(), "2024-02-29T00:00:00Z");
        assert_eq!(Timestamp(-1).rfc3339(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn refuses_what_is_no_moment() {
        let bad = [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-02-30",
            "2026-05-01 25:00",
            "1714564800",
            "éééééééééé",
            "2026-05-01T12:00:00+2",
            "2026-05-01X12:00Z",
        ];
        for bad in bad.into_iter().chain(["2026-05-01T12:00:00+0é", "2026-05-01T12:00:00.é+00", "2026-05-01T:Z", "29.11.2026", "2026-05-01T12:00:00 CET"]) {
            assert!(Timestamp::parse(bad).unwrap_err().contains("such as 2026-05-01T12:00:00Z"), "{bad}");
        }
        for (bad, right) in [("2026-05-01 12:00", "2026-05-01T12:00:00Z"), ("2026-05-01T12:00:00,25 ", "2026-05-01T12:00:00.25Z")] {
            let said = format!("has no zone: write {right} if it is in UTC, or put the offset of its clock in place of the Z, such as +02:00");
            assert_eq!(Timestamp::parse(bad), Err(said), "{bad}");
            assert!(Timestamp::parse(right).is_ok(), "what it says is right");
        }
    }

    #[test]
    fn reads_what_programs_write() {
        for text in [
            "2026-05-01T14:00:00.000+0200",
            "2026-05-01 14:00:00+02:00",
            "2026-05-01 14:00:00 +0200",
            "2026-05-01T14:00:00,000+02",
            "2026-05-01T12:00Z",
            "2026-05-01 12:00:00 UTC",
            "2026-05-01t12:00:00z",
            " 2026-05-01T12:00:00.0000000000Z ",
            "2026-05-01T07:30:00-0430",
        ] {
            assert_eq!(Timestamp::parse(text).map(Timestamp::rfc3339), Ok("2026-05-01T12:00:00Z".to_owned()), "{text}");
        }
        for text in ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000+00:00", "0001-01-01T00:00:00", "0000-00-00 00:00:00", "0001-01-01"] {
            assert!(Timestamp::is_unset(text), "{text}");
        }
        assert!(!Timestamp::is_unset("1970-01-01T00:00:00Z"));
    }

    #[test]
    fn durations_use_the_largest_unit() {
        assert_eq!(duration(14 * MINUTE), "14 min");
        assert_eq!(duration(26 * HOUR), "26 h");
        assert_eq!(duration(3 * DAY), "3 d");
    }
}
