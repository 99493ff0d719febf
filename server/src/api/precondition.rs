//! `If-Match` and `If-None-Match` (RFC 9110, section 13): what a request says about the revision it means.
//!
//! An ETag is a revision's number in quotes, the same for every representation of it. Proxies that compress make it weak on the way (`W/"2"`; nginx
//! does), so a weak tag is read as the revision that it names, in `If-Match` too: else no update would ever pass through such a proxy.

use super::problem::Problem;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

/// The tags of one header.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: whichever there is.
    Any,
    /// Revisions; what is no tag of ours is not among them.
    These(Vec<i64>),
}

impl Tags {
    /// The tags of a header; `None` where it is not given.
    fn of(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).iter().peekable();
        lines.peek()?;
        let mut revisions = Vec::new();
        for word in lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')) {
            let word = word.trim();
            if word == "*" {
                return Some(Self::Any);
            }
            let tag = word.strip_prefix("W/").unwrap_or(word);
            let tag = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
            revisions.extend(tag.parse::<i64>().ok().filter(|revision| *revision > 0 && revision.to_string() == tag));
        }
        Some(Self::These(revisions))
    }

    /// Whether one of them is this revision; 0 where there is none.
    fn name(&self, current: i64) -> bool {
        match self {
            Self::Any => current > 0,
            Self::These(revisions) => revisions.contains(&current),
        }
    }
}

/// What a request says about the newest revision of what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    must: Option<Tags>,
    must_not: Option<Tags>,
}

impl Precondition {
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self { must: Tags::of(headers, &header::IF_MATCH), must_not: Tags::of(headers, &header::IF_NONE_MATCH) }
    }

    /// The one revision that must be the newest when the change is made, 0 where there must be none; for what the store compares in the same
    /// transaction. `None` where [`holds`](Self::holds) says all.
    #[must_use]
    pub fn expected(&self) -> Option<i64> {
        match (&self.must, &self.must_not) {
            (Some(Tags::These(revisions)), None) if revisions.len() == 1 => revisions.first().copied(),
            (None, Some(Tags::Any)) => Some(0),
            _ => None,
        }
    }

    /// Whether it has to be compared with the newest revision beforehand: where it names none, several, or any.
    #[must_use]
    pub fn asks_first(&self) -> bool {
        (self.must.is_some() || self.must_not.is_some()) && self.expected().is_none()
    }

    /// Refuses where the newest revision is another than what was meant; 0 where there is none.
    ///
    /// # Errors
    /// 412.
    pub fn holds(&self, current: i64) -> Result<(), Problem> {
        let fits = self.must.as_ref().is_none_or(|tags| tags.name(current)) && !self.must_not.as_ref().is_some_and(|tags| tags.name(current));
        if fits { Ok(()) } else { Err(changed(current)) }
    }

    /// Whether a reader has this revision already.
    #[must_use]
    pub fn has(&self, current: i64) -> bool {
        self.must_not.as_ref().is_some_and(|tags| tags.name(current))
    }
}

/// 412: the newest revision is another; 0 where there is none.
#[must_use]
pub fn changed(current: i64) -> Problem {
    let detail = if current == 0 { "It does not exist.".to_owned() } else { format!("Its newest revision is \"{current}\".") };
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition", "The incident has changed", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&'static str, &'static str)]) -> Precondition {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        Precondition::of(&headers)
    }

    #[test]
    fn tags_are_compared_as_revisions() {
        for (sent, current, fits) in [
            ("*", 1, true),
            ("*", 0, false),
            ("\"2\"", 2, true),
            ("W/\"2\"", 2, true),
            ("2", 2, true),
            ("\"1\", W/\"2\"", 2, true),
            ("\"1\", \"3\"", 2, false),
            ("\"x\"", 2, false),
            ("\"02\"", 2, false),
            ("\"-1\"", 0, false),
            ("\"0\"", 0, false),
            ("", 1, false),
        ] {
            assert_eq!(of(&[("if-match", sent)]).holds(current).is_ok(), fits, "{sent} {current}");
            assert_eq!(of(&[("if-none-match", sent)]).has(current), fits, "{sent} {current}");
            assert_eq!(of(&[("if-none-match", sent)]).holds(current).is_err(), fits, "{sent} {current}");
        }
        assert!(of(&[("if-match", "\"1\""), ("if-match", "\"2\"")]).holds(2).is_ok(), "lines follow one another");
        assert!(of(&[]).holds(0).is_ok() && !of(&[]).asks_first());
    }

    #[test]
    fn one_revision_is_compared_where_the_change_is_made() {
        assert_eq!(of(&[("if-match", "W/\"3\"")]).expected(), Some(3));
        assert_eq!(of(&[("if-none-match", "*")]).expected(), Some(0));
        for asked in [("if-match", "*"), ("if-match", "\"1\",\"2\""), ("if-match", "\"x\""), ("if-none-match", "\"1\"")] {
            assert!(of(&[asked]).expected().is_none() && of(&[asked]).asks_first(), "{asked:?}");
        }
    }
}
