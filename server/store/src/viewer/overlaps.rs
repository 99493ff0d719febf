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

/// Whether the organisation shares totals only and reported it before the week began, `$2`. What came after waits for the week's end, so that nobody
/// learns who it was from what he sees before and after.
macro_rules! hidden {
    () => {
        concat!(
            "(u.since < $2 AND u.org_id IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 3 AND w.level = 1) AND ",
            $crate::viewer::overlaps::marked!(),
            ")"
        )
    };
}
pub(crate) use hidden;

/// How many organisations he knows by name to have reported what the indicator `t` reports. An organisation may have told its value and its hash.
macro_rules! named {
    () => {
        concat!(
            "(SELECT count(DISTINCT u.org_id) FROM indicator_digests m JOIN indicator_digests u ON u.digest = m.digest WHERE m.id = t.id AND ",
            $crate::viewer::reach!(3, "u", summary),
            ")"
        )
    };
}
pub(crate) use named;

/// Whether three or more did that he does not know by name: of two nobody is told, and never how many.
macro_rules! unnamed {
    () => {
        concat!(
            "(SELECT count(DISTINCT u.org_id) >= 3 FROM indicator_digests m JOIN indicator_digests u ON u.digest = m.digest WHERE m.id = t.id AND ",
            $crate::viewer::overlaps::hidden!(),
            ")"
        )
    };
}
pub(crate) use unnamed;

const _: () = assert!(domain::aggregate::LEAST == 3, "unnamed! and several! say so");

/// The digests `s` of what several organisations reported, by the same numbers; `n` of them are active reports that he is shown. One pass over an index.
macro_rules! several {
    () => {
        concat!(
            " FROM (SELECT u.digest, u.org_id, count(*) FILTER (WHERE u.active AND ",
            $crate::viewer::reach!(3, "u", detail),
            ") AS n, max(CASE WHEN ",
            $crate::viewer::reach!(3, "u", summary),
            " THEN 1 ELSE 0 END) AS named, max(CASE WHEN ",
            $crate::viewer::overlaps::hidden!(),
            " THEN 1 ELSE 0 END) AS hidden FROM indicator_digests u WHERE ",
            $crate::viewer::overlaps::some!(),
            " GROUP BY u.digest, u.org_id) s GROUP BY s.digest HAVING sum(s.named) > 1 OR sum(s.hidden) >= 3"
        )
    };
}
pub(crate) use several;
