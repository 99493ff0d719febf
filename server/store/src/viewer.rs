//! What one person may read. Every statement over marked records carries the reach of its viewer in its WHERE: there is
//! no list, count or total that is filtered afterwards.

mod counts;
mod events;
mod facets;
mod ids;
mod incidents;
mod indicators;
mod metrics;
mod networks;
mod overlaps;
mod own;
mod records;
mod said;
mod visible;

pub use counts::{Counts, Flow};
pub use events::{EventFacet, EventFilter};
pub use facets::{FACET_VALUES, Facet};
pub use ids::{Ids, PIECE};
pub use incidents::{EventBrief, IncidentDetail, IncidentFacet, IncidentFilter, RevisionRow};
pub use indicators::{IndicatorDetail, IndicatorFacet, IndicatorFilter};
pub use metrics::{SERIES, Samples, SeriesPoint};
pub use networks::NETWORK_ROWS;
pub use own::{Eyes, OwnRecord};
pub use records::{EventDetail, ReceiptDetail};
pub use said::Said;

use crate::{Store, db::Scope, words};
use domain::{OrgId, Viewer, indicator::IndicatorType};
use uuid::Uuid;

/// A handle for one viewer. Holding one is what it takes to read tenant data, and [`Store::viewer`] is the only way to one.
///
/// Nobody makes one by hand; what compiles and what does not differ in just that:
/// ```
/// # use {domain::Viewer, store::{Reads, Store}};
/// fn reads(store: &Store, viewer: Viewer) -> Reads<'_> { store.viewer(viewer) }
/// ```
/// ```compile_fail,E0451
/// # use {domain::Viewer, store::{Reads, Store}};
/// fn reads(store: &Store, viewer: Viewer) -> Reads<'_> { Reads { store, viewer } }
/// ```
/// Nobody turns one into another viewer's:
/// ```
/// # use {domain::Viewer, store::Reads};
/// fn of<'s>(reads: Reads<'s>, other: Viewer) -> Reads<'s> { let mut same = reads; same = reads; same }
/// ```
/// ```compile_fail,E0616
/// # use {domain::Viewer, store::Reads};
/// fn of<'s>(reads: Reads<'s>, other: Viewer) -> Reads<'s> { let mut same = reads; same.viewer = other; same }
/// ```
/// ```compile_fail,E0451
/// # use {domain::Viewer, store::Reads};
/// fn of<'s>(reads: Reads<'s>, other: Viewer) -> Reads<'s> { let same = reads; Reads { viewer: other, ..same } }
/// ```
/// Nor is there one of nobody, or one that writes:
/// ```
/// # use {domain::{OrgId, Timestamp}, store::Reads};
/// async fn all(reads: Reads<'_>) { reads.indicators_shared(Timestamp(0), Timestamp(0)).await.unwrap(); }
/// ```
/// ```compile_fail,E0277
/// # use {domain::{OrgId, Timestamp}, store::Reads};
/// async fn all(reads: Reads<'_>) { <Reads<'_> as Default>::default().indicators_shared(Timestamp(0), Timestamp(0)).await.unwrap(); }
/// ```
/// ```compile_fail,E0599
/// # use {domain::{OrgId, Timestamp}, store::Reads};
/// async fn all(reads: Reads<'_>) { reads.confirm_sharing(OrgId(1), Timestamp(0)).await.unwrap(); }
/// ```
/// The way from it to the database is closed, too:
/// ```
/// # use store::{Reads, Store};
/// fn store(reads: Reads<'_>, store: &Store) -> Store { store.clone() }
/// ```
/// ```compile_fail,E0616
/// # use store::{Reads, Store};
/// fn store(reads: Reads<'_>, store: &Store) -> Store { reads.store.clone() }
/// ```
#[derive(Clone, Copy)]
pub struct Reads<'s> {
    pub(crate) store: &'s Store,
    pub(crate) viewer: Viewer,
}

impl<'s> Reads<'s> {
    pub(crate) fn scope(&self) -> Scope {
        Scope::Viewer(self.viewer.org)
    }

    /// Numbers for the same viewer: they count what owners show him as a summary, too.
    #[must_use]
    pub fn counts(&self) -> Counts<'s> {
        Counts { reads: *self, store: self.store, viewer: self.viewer }
    }
}

/// A page of a list with the number of all rows that match.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// The number of all rows that match; of pushes and files, which nobody counts, that of these rows.
    pub total: u64,
    /// Opaque; `None` on the last page.
    pub next: Option<String>,
}

/// Rows on one page of a list.
pub const PAGE: usize = 50;

/// The organisations that do not show the viewer whose organisation is `$1` all of a class in detail. The class is written by its name, without quotes: what
/// is none does not compile, where a word that no row has would show everything.
macro_rules! withheld {
    ($class:ident) => {
        concat!("(SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = '", domain::class_name!($class), "')")
    };
}
pub(crate) use withheld;

/// The condition under which the owner of `t` shows the viewer whose organisation is `$1` a class, as it was at the moment in the column `at`: in detail, or
/// counted under his name.
macro_rules! shown {
    ($class:ident, $t:literal, $at:literal, detail) => {
        $crate::viewer::shown!($class, $t, $at, "detail_since")
    };
    ($class:ident, $t:literal, $at:literal, summary) => {
        $crate::viewer::shown!($class, $t, $at, "summary_since")
    };
    ($class:ident, $t:literal, $at:literal, $since:literal) => {
        concat!(
            "(",
            $t,
            ".org_id NOT IN ",
            $crate::viewer::withheld!($class),
            " OR EXISTS (SELECT 1 FROM withheld w WHERE w.viewer_id = $1 AND w.class = '",
            domain::class_name!($class),
            "' AND w.owner_id = ",
            $t,
            ".org_id AND w.",
            $since,
            " <= ",
            $t,
            ".",
            $at,
            "))"
        )
    };
}
pub(crate) use shown;

/// The condition under which TLP:AMBER reaches from the owner of `t` to the viewer's organisation, `$1`, what came at the moment in the column `at`.
macro_rules! peer {
    ($t:literal, $at:literal) => {
        concat!("EXISTS (SELECT 1 FROM peers p WHERE p.viewer_id = $1 AND p.owner_id = ", $t, ".org_id AND p.since <= ", $t, ".", $at, ")")
    };
}
pub(crate) use peer;

/// The condition under which the viewer whose organisation is `$1` may see a marked record, under whose name it stands in the statement (`t`
/// where none is given): his own; or one of an owner that shows him the class in detail, and open to all, of a group they share, or naming his
/// organisation. The SQL of `domain::Sight::sees_record`; a contract test holds the two together.
macro_rules! reach {
    ($class:ident) => {
        $crate::viewer::reach!($class, "t", detail)
    };
    ($class:ident, $t:literal) => {
        $crate::viewer::reach!($class, $t, detail)
    };
    ($class:ident, $t:literal, $least:ident) => {
        concat!(
            "(",
            $t,
            ".org_id = $1 OR (",
            $crate::viewer::shown!($class, $t, "received_at", $least),
            " AND (",
            $t,
            ".tlp <= 1 OR (",
            $t,
            ".tlp = 2 AND ",
            $crate::viewer::peer!($t, "received_at"),
            ") OR EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = ",
            $t,
            ".org_id AND r.record_id = ",
            $t,
            ".id AND r.recipient_id = $1))))"
        )
    };
}
pub(crate) use reach;

/// The same for what is in the viewer's numbers: also records of owners that show him a summary. The SQL of `domain::Sight::counts_record`.
macro_rules! counted {
    ($class:ident) => {
        $crate::viewer::reach!($class, "t", summary)
    };
}
pub(crate) use counted;

/// The conditions as they are called in the source, with their texts: for the test that prepares every statement on both databases.
#[doc(hidden)]
pub const CONDITIONS: [(&str, &str); 8] = [
    ("reach!(incidents)", reach!(incidents)),
    ("reach!(events)", reach!(events)),
    ("reach!(indicators)", reach!(indicators)),
    ("counted!(incidents)", counted!(incidents)),
    ("counted!(events)", counted!(events)),
    ("counted!(indicators)", counted!(indicators)),
    ("readable!()", overlaps::readable!()),
    ("several!()", overlaps::several!()),
];

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
    /// Bytes of `sql` that say no more than the reach.
    reach: usize,
    args: Vec<Arg>,
}

impl Where {
    /// Begins with the viewer's reach, the text of [`reach!`].
    pub(crate) fn reach(reach: &str, viewer: Viewer) -> Self {
        let sql = format!("WHERE {reach}");
        Self { reach: sql.len(), sql, args: vec![Arg::Int(viewer.org.0)] }
    }

    /// Adds an argument for a condition to name by its number.
    pub(crate) fn also(&mut self, arg: Arg) {
        self.args.push(arg);
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

    /// What was added to the reach: nothing, or conditions that each begin with `AND`.
    pub(crate) fn further(&self) -> &str {
        &self.sql[self.reach..]
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

/// Words that somebody looks for: each is in what a record is found by, in any order, or in the name of its organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Search(Vec<Word>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Word {
    /// Parts of what is searched, folded; any of them will do.
    parts: Vec<String>,
    /// The whole of it, folded.
    whole: Vec<String>,
    within: Vec<Span>,
    /// Organisations that are called so.
    orgs: Vec<OrgId>,
}

/// How else a word may be meant that somebody typed.
#[derive(Clone, Debug, Default)]
pub struct Spellings {
    /// As a part of what is searched.
    pub parts: Vec<String>,
    /// As the whole of it.
    pub whole: Vec<String>,
    /// As a network, for what lies within: only of indicators, whose addresses have a place.
    pub within: Vec<Span>,
}

/// The type, first and last of a network's addresses, as [`domain::indicator::span`] writes them.
pub type Span = (IndicatorType, String, String);

/// More words than these make no search narrower that anybody reads.
const MAX_WORDS: usize = 12;
/// Networks of a search that are looked for with all that lies in them and around them; further ones are words like others.
const MAX_NETWORKS: usize = 2;

impl Search {
    /// What was typed, taken apart at its blanks. `spelling` says how else a word may be written (an indicator's canonical value); `orgs` are the
    /// organisations by what they are called.
    #[must_use]
    pub fn new<'n>(typed: &str, spelling: impl Fn(&str) -> Spellings, orgs: impl IntoIterator<Item = (OrgId, &'n str)>) -> Self {
        let names: Vec<(OrgId, String)> = orgs.into_iter().map(|(org, name)| (org, words::fold(name))).collect();
        let word = |typed: &str| {
            let folded = words::fold(typed);
            let named = names.iter().filter(|(_, name)| name.contains(&folded)).map(|(org, _)| *org).collect::<std::collections::BTreeSet<_>>();
            let (as_typed, none) = (folded.clone(), folded.is_empty());
            let Spellings { parts, whole, within } = spelling(typed);
            let folded = |all: Vec<String>| all.iter().map(|one| words::fold(one)).filter(|one| !one.is_empty()).collect::<std::collections::BTreeSet<_>>();
            let mut parts = folded(parts);
            parts.extend((!none).then_some(as_typed));
            Word { parts: parts.into_iter().collect(), whole: folded(whole).into_iter().collect(), within, orgs: named.into_iter().collect() }
        };
        let mut words: Vec<Word> = typed.split_whitespace().map(word).filter(|word| !word.parts.is_empty()).take(MAX_WORDS).collect();
        for network in words.iter_mut().filter(|word| !word.within.is_empty()).skip(MAX_NETWORKS) {
            (network.within, network.whole) = (vec![], vec![]);
        }
        Self(words)
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether each word is somewhere in a text, for what no column of words is kept of.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        let text = words::fold(text);
        self.0.iter().all(|word| word.parts.iter().any(|part| text.contains(part)))
    }

    /// Adds it to the conditions on `t`.
    fn narrow(&self, w: &mut Where) {
        for word in &self.0 {
            // What costs least is looked at first.
            let mut either = "(t.kind || '' = ? AND t.address >= ? AND t.address <= ?) OR ".repeat(word.within.len());
            either.push_str(&vec!["t.words LIKE ? ESCAPE '\\'"; word.parts.len()].join(" OR "));
            if !word.whole.is_empty() {
                either.push_str(&format!(" OR t.words IN ({})", vec!["?"; word.whole.len()].join(", ")));
            }
            if !word.orgs.is_empty() {
                let ids: Vec<String> = word.orgs.iter().map(|org| org.0.to_string()).collect();
                either.push_str(&format!(" OR t.org_id IN ({})", ids.join(", ")));
            }
            let whole = word.whole.iter().map(|whole| Arg::Text(whole.clone()));
            let within = word.within.iter().flat_map(|(kind, first, last)| [kind.name(), first.as_str(), last.as_str()]).map(|text| Arg::Text(text.to_owned()));
            w.and(&format!("({either})"), within.chain(word.parts.iter().map(|part| containing(part))).chain(whole));
        }
    }
}

/// Words as they are typed, for tests.
impl From<&str> for Search {
    fn from(typed: &str) -> Self {
        Self::new(typed, |_| Spellings::default(), [])
    }
}

/// A `LIKE` pattern that finds folded words anywhere.
fn containing(words: &str) -> Arg {
    let escaped: String = words.chars().flat_map(|c| if matches!(c, '%' | '_' | '\\') { vec!['\\', c] } else { vec![c] }).collect();
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
