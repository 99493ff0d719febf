//! The state of a page, as its URL carries it. Every key is optional; what is absent has its default, and defaults
//! are left out when a URL is built, so that links stay short.

use crate::timestamp::{DAY, HOUR, Timestamp};
use serde::{Deserialize, Serialize};

/// `range`, `tz`, `sev`, `tlp`, `q`, `sort`, `cursor` and the facets of lists. An empty string is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PageQuery {
    /// `24h`, `7d`, `30d`, `90d`, `1y`, `2y`, `10y` or `2026-01-01..2026-02-01`. Default 30d.
    pub range: String,
    /// `UTC` (default) or `local`.
    pub tz: String,
    /// A severity.
    pub sev: String,
    /// A TLP marking's name.
    pub tlp: String,
    /// Words to look for.
    pub q: String,
    /// A column, with `-` in front for descending.
    pub sort: String,
    /// Where the next page begins; opaque.
    pub cursor: String,
    /// An organisation's slug.
    pub org: String,
    /// An incident status, or `open` for all open ones (default of the queue), or `any`.
    pub status: String,
    /// An indicator type, or a data class in the push log.
    pub kind: String,
    /// An incident's class, as it is pushed (RSIT).
    pub class: String,
    /// `2` narrows indicators to those that several organisations reported.
    pub seen: String,
}

impl PageQuery {
    /// The keys in the order URLs show them.
    pub const KEYS: [&'static str; 12] = ["range", "tz", "org", "status", "sev", "tlp", "kind", "class", "seen", "q", "sort", "cursor"];

    /// The value of a key by name; empty when absent or unknown.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        match key {
            "range" => &self.range,
            "tz" => &self.tz,
            "org" => &self.org,
            "status" => &self.status,
            "sev" => &self.sev,
            "tlp" => &self.tlp,
            "kind" => &self.kind,
            "class" => &self.class,
            "seen" => &self.seen,
            "q" => &self.q,
            "sort" => &self.sort,
            "cursor" => &self.cursor,
            _ => "",
        }
    }

    /// Sets a key by name; unknown ones are ignored.
    pub fn set(&mut self, key: &str, value: String) {
        let field = match key {
            "range" => &mut self.range,
            "tz" => &mut self.tz,
            "org" => &mut self.org,
            "status" => &mut self.status,
            "sev" => &mut self.sev,
            "tlp" => &mut self.tlp,
            "kind" => &mut self.kind,
            "class" => &mut self.class,
            "seen" => &mut self.seen,
            "q" => &mut self.q,
            "sort" => &mut self.sort,
            "cursor" => &mut self.cursor,
            _ => return,
        };
        *field = value;
    }

    /// This query with one key changed and the cursor dropped: what a filter or a sort header links to.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut next = self.clone();
        next.cursor.clear();
        next.set(key, value.to_owned());
        next
    }

    /// Only what follows the reader from page to page: `range` and `tz`.
    #[must_use]
    pub fn kept(&self) -> Self {
        Self { range: self.range.clone(), tz: self.tz.clone(), ..Self::default() }
    }

    /// The whole list that this is a page of: what its file is linked with.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { cursor: String::new(), ..self.clone() }
    }

    /// `path?key=value…`, percent-encoded, absent keys left out.
    #[must_use]
    pub fn href(&self, path: &str) -> String {
        let mut url = path.to_owned();
        for key in Self::KEYS {
            let value = self.get(key);
            if !value.is_empty() {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(key);
                url.push('=');
                url.push_str(&percent_encoded(value));
            }
        }
        url
    }

    /// Whether [`PageQuery::window`] knows the range.
    #[must_use]
    pub fn is_range(text: &str) -> bool {
        let dates = || {
            let (from, to) = text.split_once("..")?;
            Some(Timestamp::parse(from).ok()? < Timestamp::parse(to).ok()?)
        };
        matches!(text, "" | "24h" | "7d" | "30d" | "90d" | "1y" | "2y" | "10y") || dates() == Some(true)
    }

    /// The time range asked for, half open, in UTC; an unreadable one is the default of 30 days. It begins with a day, and of 24 hours with an hour, and one
    /// with dates ends with a day: else whoever is shown numbers only could halve ranges, or wait, until a number tells a single record's time.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> Window {
        let last = |days: i64| Window { from: Timestamp::of_day(now.plus(DAY - 1).day() - days), to: now };
        let named = |text: &str| match text {
            "24h" => Some(Window { from: Timestamp((now.hour() - 23) * HOUR), to: now }),
            "7d" => Some(last(7)),
            "30d" => Some(last(30)),
            "90d" => Some(last(90)),
            "1y" => Some(last(365)),
            "2y" => Some(last(730)),
            "10y" => Some(last(3_652)),
            _ => None,
        };
        if let Some(window) = named(&self.range) {
            return window;
        }
        if let Some((from, to)) = self.range.split_once("..")
            && let (Ok(from), Ok(to)) = (Timestamp::parse(from), Timestamp::parse(to))
        {
            // Nothing is known of the future, and ten years are as much as a page can draw.
            let end = to.min(now).plus(DAY - 1).day();
            let (from, to) = (Timestamp::of_day(from.day()), Timestamp::of_day(end));
            if from < to {
                return Window { from: from.max(to.plus(-3_660 * DAY)), to };
            }
        }
        last(30)
    }
}

/// A half-open span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Window {
    /// Its length in whole days, rounded up.
    #[must_use]
    pub fn days(&self) -> i64 {
        (self.to.since(self.from) + DAY - 1) / DAY
    }
}

/// Text as a key or value of a query.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_hold_only_what_differs() {
        let q = PageQuery { range: "7d".into(), q: "a b&c".into(), cursor: "x".into(), ..PageQuery::default() };
        assert_eq!(q.href("/incidents"), "/incidents?range=7d&q=a%20b%26c&cursor=x");
        assert_eq!(q.with("sev", "critical").href("/incidents"), "/incidents?range=7d&sev=critical&q=a%20b%26c");
        assert_eq!(q.kept().href("/"), "/?range=7d");
        assert_eq!(percent_encoded("/orgs?next=é&a:b-._~"), "%2Forgs%3Fnext%3D%C3%A9%26a:b-._~");
    }

    #[test]
    fn ranges() {
        let now = Timestamp::parse("2026-05-01T00:00:00Z").unwrap();
        let days = |range: &str| PageQuery { range: range.into(), ..PageQuery::default() }.window(now).days();
        assert_eq!((days("7d"), days(""), days("nonsense"), days("2026-01-01..2026-01-11"), days("2026-02-01..2026-01-01")), (7, 30, 30, 10, 30));
    }

    #[test]
    fn no_range_begins_within_a_day_or_an_hour() {
        let now = Timestamp::parse("2026-05-01T10:20:30.123456Z").unwrap();
        let from = |range: &str| PageQuery { range: range.into(), ..PageQuery::default() }.window(now).from.rfc3339();
        assert_eq!((from("24h"), from("7d"), from("")), ("2026-04-30T11:00:00Z".into(), "2026-04-25T00:00:00Z".into(), "2026-04-02T00:00:00Z".into()));
    }

    #[test]
    fn ranges_with_dates_are_whole_days() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let window = |range: &str| PageQuery { range: range.into(), ..PageQuery::default() }.window(at("2026-05-01T10:00:00Z"));
        let day = Window { from: at("2026-01-02T00:00:00Z"), to: at("2026-01-03T00:00:00Z") };
        for range in ["2026-01-02..2026-01-03", "2026-01-02T11:30:00Z..2026-01-02T11:30:00.000001Z", "2026-01-02T23:59:59Z..2026-01-03T00:00:00Z"] {
            assert_eq!(window(range), day, "{range}");
        }
        assert_eq!(window("2026-01-02..2030-01-01").to, at("2026-05-02T00:00:00Z"), "up to the end of today");
    }
}
