//! The records of a class that a viewer may see, owner by owner through the indexes `…_reach`: what a list, a number or a file takes depends on what is in it
//! and not on what is kept from its reader.
//!
//! The parts are disjoint, so that they can be counted, and each carries the condition of `reach!` or `counted!`, which decides; a part only says where to
//! look. `CROSS JOIN` is SQLite's word for this very order. A further condition on a column of `t` is written so that no other index fits it (`+t.status`,
//! `t.kind || ''`): one by status or kind would go through the hidden ones, too.

use super::{Where, counted, peer, reach, withheld};

/// Where to look for what, of which class of records.
#[derive(Clone, Copy)]
pub(crate) struct Visible {
    table: &'static str,
    /// As in `withheld`, by [`domain::DataClass::code`].
    class: i64,
    /// Since when a class is shown to those to whom not all of it is.
    since: &'static str,
    /// The condition that decides.
    pub condition: &'static str,
    withheld: &'static str,
}

/// Records that are shown one by one.
pub(crate) const INCIDENTS: Visible = listed("incidents", 1, reach!(incidents), withheld!(1));
pub(crate) const EVENTS: Visible = listed("events", 2, reach!(events), withheld!(2));
pub(crate) const INDICATORS: Visible = listed("indicators", 3, reach!(indicators), withheld!(3));
/// With those that are only counted.
pub(crate) const COUNTED_INCIDENTS: Visible = numbers("incidents", 1, counted!(incidents), withheld!(1));
pub(crate) const COUNTED_EVENTS: Visible = numbers("events", 2, counted!(events), withheld!(2));
pub(crate) const COUNTED_INDICATORS: Visible = numbers("indicators", 3, counted!(indicators), withheld!(3));

const fn listed(table: &'static str, class: i64, condition: &'static str, withheld: &'static str) -> Visible {
    Visible { table, class, since: "detail_since", condition, withheld }
}

const fn numbers(table: &'static str, class: i64, condition: &'static str, withheld: &'static str) -> Visible {
    Visible { since: "summary_since", ..listed(table, class, condition, withheld) }
}

impl Visible {
    /// `(SELECT … UNION ALL SELECT …) x`: what is to be selected of the record `t`, under the conditions of `w`, which begins with the same reach.
    pub(crate) fn rows(&self, select: &str, w: &Where) -> String {
        let parts = self.parts().map(|(from, which)| format!("SELECT {select} FROM {from} {} t WHERE {which} AND {}", self.table, w.conditions()));
        format!("({}) x", parts.join(" UNION ALL "))
    }

    /// From where, and which of the records there.
    fn parts(&self) -> [(&'static str, String); 5] {
        const NAMED: &str =
            concat!("t.id = v.record_id AND v.org_id = $1 AND t.org_id <> $1 AND t.tlp > 1 AND NOT (t.tlp = 2 AND ", peer!("t", "received_at"), ")");
        let Self { class, since, withheld, .. } = self;
        [
            ("", "t.org_id = $1".to_owned()),
            ("organisations v CROSS JOIN", format!("t.org_id = v.id AND t.tlp <= 1 AND v.id <> $1 AND v.id NOT IN {withheld}")),
            (
                "withheld v CROSS JOIN",
                format!("t.org_id = v.owner_id AND t.tlp <= 1 AND t.received_at >= v.{since} AND v.viewer_id = $1 AND v.class = {class} AND v.owner_id <> $1"),
            ),
            ("peers v CROSS JOIN", "t.org_id = v.owner_id AND t.tlp = 2 AND t.received_at >= v.since AND v.viewer_id = $1 AND v.owner_id <> $1".to_owned()),
            ("recipients v CROSS JOIN", NAMED.to_owned()),
        ]
    }
}
