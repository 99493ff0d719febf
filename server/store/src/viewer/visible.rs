//! The records of a class that a viewer may see, owner by owner through the indexes `…_reach`: what a list, a number or a file takes depends on what is in it
//! and not on what is kept from its reader.
//!
//! The parts are disjoint, so that they can be counted, and together they are what `reach!` or `counted!` says; a contract test holds them to it. No part
//! repeats that condition: PostgreSQL would plan its subqueries once for each, and takes ten times as long for it as for the rows. `CROSS JOIN` is
//! SQLite's word for this very order. A further condition on a column of `t` is written so that no other index fits it (`+t.status`,
//! `t.kind || ''`): one by status or kind would go through the hidden ones, too.

use super::{Where, counted, peer, reach, shown, withheld};
use domain::class_name;

/// Where to look for what, of which class of records.
#[derive(Clone, Copy)]
pub(crate) struct Visible {
    table: &'static str,
    /// Its name, as in `withheld`.
    class: &'static str,
    /// Since when a class is shown to those to whom not all of it is.
    since: &'static str,
    /// The condition that decides.
    pub condition: &'static str,
    withheld: &'static str,
    /// Its part that goes by the rules alone.
    shown: &'static str,
}

/// Records that are shown one by one.
pub(crate) const INCIDENTS: Visible =
    listed("incidents", class_name!(incidents), reach!(incidents), withheld!(incidents), shown!(incidents, "t", "received_at", detail));
pub(crate) const EVENTS: Visible = listed("events", class_name!(events), reach!(events), withheld!(events), shown!(events, "t", "received_at", detail));
pub(crate) const INDICATORS: Visible =
    listed("indicators", class_name!(indicators), reach!(indicators), withheld!(indicators), shown!(indicators, "t", "received_at", detail));
/// With those that are only counted.
pub(crate) const COUNTED_INCIDENTS: Visible =
    numbers("incidents", class_name!(incidents), counted!(incidents), withheld!(incidents), shown!(incidents, "t", "received_at", summary));
pub(crate) const COUNTED_EVENTS: Visible =
    numbers("events", class_name!(events), counted!(events), withheld!(events), shown!(events, "t", "received_at", summary));
pub(crate) const COUNTED_INDICATORS: Visible =
    numbers("indicators", class_name!(indicators), counted!(indicators), withheld!(indicators), shown!(indicators, "t", "received_at", summary));

const fn listed(table: &'static str, class: &'static str, condition: &'static str, withheld: &'static str, shown: &'static str) -> Visible {
    Visible { table, class, since: "detail_since", condition, withheld, shown }
}

const fn numbers(table: &'static str, class: &'static str, condition: &'static str, withheld: &'static str, shown: &'static str) -> Visible {
    Visible { since: "summary_since", ..listed(table, class, condition, withheld, shown) }
}

impl Visible {
    /// `(SELECT … UNION ALL SELECT …) x`: what is to be selected of the record `t`, under the conditions that `w` adds to the same reach.
    pub(crate) fn rows(&self, select: &str, w: &Where) -> String {
        debug_assert!(w.sql().starts_with(&format!("WHERE {}", self.condition)));
        let parts = self.parts().map(|(from, which)| format!("SELECT {select} FROM {from} {} t WHERE {which}{}", self.table, w.further()));
        format!("({}) x", parts.join(" UNION ALL "))
    }

    /// From where, and which of the records there: one's own; open to all, of those who show all; open to all, of the others; of a group; naming one.
    fn parts(&self) -> [(&'static str, String); 5] {
        const NAMED: &str = concat!(
            "t.org_id = v.org_id AND t.id = v.record_id AND v.recipient_id = $1 AND v.org_id <> $1 AND t.tlp > 1 AND NOT (t.tlp = 2 AND ",
            peer!("t", "received_at"),
            ")"
        );
        let Self { class, since, withheld, shown, .. } = self;
        [
            ("", "t.org_id = $1".to_owned()),
            ("organisations v CROSS JOIN", format!("t.org_id = v.id AND t.tlp <= 1 AND v.id <> $1 AND v.id NOT IN {withheld}")),
            (
                "withheld v CROSS JOIN",
                format!(
                    "t.org_id = v.owner_id AND t.tlp <= 1 AND t.received_at >= v.{since} AND v.viewer_id = $1 AND v.class = '{class}' AND v.owner_id <> $1"
                ),
            ),
            (
                "peers v CROSS JOIN",
                format!("t.org_id = v.owner_id AND t.tlp = 2 AND t.received_at >= v.since AND v.viewer_id = $1 AND v.owner_id <> $1 AND {shown}"),
            ),
            ("recipients v CROSS JOIN", format!("{NAMED} AND {shown}")),
        ]
    }
}
