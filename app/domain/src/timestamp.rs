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
    "must be a date-time with T and a zone, such as 2026-05-01T12:00:00Z or 2026-05-01T14:00:00+02:00 (RFC 3339), or a date, such as 2026-05-01";

/// English month names, three letters, January first.
pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Timestamp {
    /// Reads an RFC 3339 date-time (any offset), or a plain `YYYY-MM-DD` as midnight UTC.
    ///
    /// # Errors
    /// A sentence for the sender when the text is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let full;
        let text = if text.len() == 10 && text.is_ascii() {
            full = format!("{text}T00:00:00Z");
            &full
        } else {
            text
        };
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| ACCEPTED.to_owned())?;
        i64::try_from(moment.unix_timestamp_nanos() / 1_000).map(Self).map_err(|_| "is out of range".to_owned())
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
        for bad in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30", "2026-05-01 12:00", "1714564800", "éééééééééé"] {
            assert!(Timestamp::parse(bad).unwrap_err().contains("such as 2026-05-01T12:00:00Z"), "{bad}");
        }
    }

    #[test]
    fn durations_use_the_largest_unit() {
        assert_eq!(duration(14 * MINUTE), "14 min");
        assert_eq!(duration(26 * HOUR), "26 h");
        assert_eq!(duration(3 * DAY), "3 d");
    }
}
