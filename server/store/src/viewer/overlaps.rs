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

/// Whether it counts for him unnamed: of a member of the week that began at `$2`, who reported it before then and for everyone. What came or changed later
/// waits for the week's end, so that nobody learns who it was from what he sees before and after; and as a total travels further than a record, what is
/// marked for few is in none. Once a member is shown by name, nobody is counted unnamed: he would stand there twice; nor for whom the alliance suspended.
macro_rules! hidden {
    () => {
        concat!(
            "(u.since < $2 AND u.tlp <= 1 AND u.org_id IN (SELECT o.owner_id FROM overlap_members o WHERE o.viewer_id = $1 AND o.week_start = $2) ",
            "AND NOT EXISTS (SELECT 1 FROM overlap_members o LEFT JOIN withheld w ON w.viewer_id = $1 AND w.class = 3 AND w.owner_id = o.owner_id ",
            "WHERE o.viewer_id = $1 AND o.week_start = $2 AND coalesce(w.level, 3) >= 2) ",
            "AND NOT EXISTS (SELECT 1 FROM organisations s WHERE s.id = $1 AND s.suspended_at IS NOT NULL))"
        )
    };
}
pub(crate) use hidden;

/// Whether he may learn anything of it: what the policy of PostgreSQL lets through.
macro_rules! some {
    () => {
        concat!(
            "(u.org_id = $1 OR (u.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 3 AND w.level < 1) AND ",
            $crate::viewer::overlaps::marked!(),
            ") OR ",
            $crate::viewer::overlaps::hidden!(),
            ")"
        )
    };
}
pub(crate) use some;

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
