//! What one person may read. Every statement over marked records carries the reach of its viewer in its WHERE: there is
//! no list, count or total that is filtered afterwards.

mod incidents;
mod indicators;
mod metrics;
mod records;
mod totals;

pub use incidents::{EventBrief, IncidentDetail, IncidentFacet, IncidentFilter, RevisionRow};
pub use indicators::{IndicatorDetail, IndicatorFacet, IndicatorFilter};
pub use metrics::SeriesPoint;
pub use records::{EventDetail, ReceiptDetail};
pub use totals::Flow;

use crate::{Store, db::Scope};
use domain::Viewer;
use uuid::Uuid;

/// A handle for one viewer. Holding one is what it takes to read tenant data.
#[derive(Clone, Copy)]
pub struct Reads<'s> {
    pub(crate) store: &'s Store,
    pub(crate) viewer: Viewer,
}

impl Reads<'_> {
    pub(crate) fn scope(&self) -> Scope {
        Scope::Viewer(self.viewer.org)
    }
}

/// A page of a list with the number of all rows that match.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub total: u64,
    /// Opaque; `None` on the last page.
    pub next: Option<String>,
}

/// Rows on one page of a list.
pub const PAGE: usize = 50;

/// The condition under which the viewer whose organisation is `$1` may see a marked record `t`: his own, open to all, or
/// naming his organisation. The SQL of `domain::access::Viewer::sees_record`; a contract test holds the two together.
macro_rules! reach {
    () => {
        "(t.org_id = $1 OR t.tlp <= 1 OR EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = $1 AND r.record_id = t.id))"
    };
}
pub(crate) use reach;

/// A value bound into a condition.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Int(i64),
    Text(String),
    Id(Uuid),
}

/// A WHERE clause in the making. `$1` is always the viewer's organisation.
#[derive(Clone, Debug)]
pub(crate) struct Where {
    sql: String,
    args: Vec<Arg>,
}

impl Where {
    /// Begins with the viewer's reach.
    pub(crate) fn reach(viewer: Viewer) -> Self {
        Self { sql: concat!("WHERE ", reach!()).to_owned(), args: vec![Arg::Int(viewer.org.0)] }
    }

    /// Adds a condition; each `?` in it becomes the next placeholder.
    pub(crate) fn and(&mut self, condition: &str, args: impl IntoIterator<Item = Arg>) {
        self.sql.push_str(" AND ");
        let mut args = args.into_iter();
        for c in condition.chars() {
            if c == '?' {
                self.args.extend(args.next());
                self.sql.push('$');
                self.sql.push_str(&self.args.len().to_string());
            } else {
                self.sql.push(c);
            }
        }
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn args(&self) -> &[Arg] {
        &self.args
    }
}

/// Binds the arguments of a [`Where`] to a query.
macro_rules! bind_all {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                $crate::viewer::Arg::Int(n) => query.bind(*n),
                $crate::viewer::Arg::Text(s) => query.bind(s.clone()),
                $crate::viewer::Arg::Id(id) => query.bind(*id),
            };
        }
        query
    }};
}
pub(crate) use bind_all;

/// A `LIKE` pattern that finds `words` anywhere.
pub(crate) fn containing(words: &str) -> Arg {
    let escaped: String = words.to_lowercase().chars().flat_map(|c| if matches!(c, '%' | '_' | '\\') { vec!['\\', c] } else { vec![c] }).collect();
    Arg::Text(format!("%{escaped}%"))
}

/// Writes a cursor: the sort keys of the last row.
pub(crate) fn cursor(parts: &[&dyn std::fmt::Display]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("~")
}

/// Reads a cursor of numbers and an id at the end; an unreadable one is none, which begins the list again.
pub(crate) fn read_cursor<const N: usize>(text: &str) -> Option<([i64; N], Uuid)> {
    let mut parts = text.split('~');
    let mut numbers = [0; N];
    for n in &mut numbers {
        *n = parts.next()?.parse().ok()?;
    }
    let id = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some((numbers, id))
}
