//! Who else reported the same thing: what each organisation shows the viewer of it, by the digests of indicators. In all conditions `u` is the digest
//! of a report and `$1` the viewer's organisation.

/// Whether the marking lets the report reach him, be it only as a count. What does not reach him counts for nothing.
macro_rules! marked {
    () => {
        concat!(
            "(u.tlp <= 1 OR (u.tlp = 2 AND ",
            $crate::viewer::peer!("u", "received_at"),
            ") OR EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = $1 AND r.record_id = u.id))"
        )
    };
}
pub(crate) use marked;

/// Whether he is shown the organisation by name, and no record.
macro_rules! counting {
    () => {
        concat!("(", $crate::viewer::reach!(3, "u", summary), " AND NOT ", $crate::viewer::reach!(3, "u", detail), ")")
    };
}
pub(crate) use counting;

/// Whether he may learn anything of it: what the policy of PostgreSQL lets through.
macro_rules! some {
    () => {
        concat!(
            "(u.org_id = $1 OR (u.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 3 AND w.level < 1) AND ",
            $crate::viewer::overlaps::marked!(),
            "))"
        )
    };
}
pub(crate) use some;

/// How many organisations he knows by name to have reported a thing. An organisation may have told its value and its hash.
macro_rules! named {
    () => {
        concat!("count(DISTINCT CASE WHEN ", $crate::viewer::reach!(3, "u", summary), " THEN u.org_id END)")
    };
}
pub(crate) use named;

/// Whether three or more reported it of those that share totals only: of two nobody is told, and never how many. What came after the week began, `$2`,
/// waits for its end, so that nobody learns who it was from what he sees before and after.
macro_rules! unnamed {
    () => {
        concat!(
            "(count(DISTINCT CASE WHEN u.since < $2 AND u.org_id IN \
             (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 3 AND w.level = 1) AND ",
            $crate::viewer::overlaps::marked!(),
            " THEN u.org_id END) >= 3)"
        )
    };
}
pub(crate) use unnamed;

const _: () = assert!(domain::aggregate::LEAST == 3, "unnamed! says so");

/// The reports of what the indicator `t` reports.
macro_rules! of_the_same {
    () => {
        " FROM indicator_digests m JOIN indicator_digests u ON u.digest = m.digest WHERE m.id = t.id"
    };
}
pub(crate) use of_the_same;
