//! Who else reported the same thing: what each organisation shows the viewer of it, by the digests of indicators. By name only who shows single records; all
//! others count at most as one of several unnamed ones. In all conditions `u` is the digest of a report, `$1` the viewer's organisation, `$2` the begin of the
//! week and `$3` that of the day.

/// Whether it counts for the viewer unnamed: of a member of the week that began at `$2`, who reported it before then and for everyone. What came or changed
/// later waits for the week's end, so that nobody learns who it was from what is seen before and after; and as a total travels further than a record, what is
/// marked for few is in none. It is told of types only of which enough members hold some: numbers by type say who holds none. Once a member is shown by name, nobody is counted unnamed: it would stand there twice; nor for whom the alliance suspended.
macro_rules! hidden {
    () => {
        concat!(
            "(u.since < $2 AND u.tlp <= 1 AND u.org_id IN (SELECT o.owner_id FROM overlap_members o WHERE o.viewer_id = $1 AND o.week_start = $2) ",
            "AND NOT EXISTS (SELECT 1 FROM overlap_members o LEFT JOIN withheld w ON w.viewer_id = $1 AND w.class = 'indicators' AND w.owner_id = o.owner_id ",
            "WHERE o.viewer_id = $1 AND o.week_start = $2 AND coalesce(w.level, 3) >= 3) ",
            "AND u.kind IN (SELECT k.kind FROM overlap_kinds k WHERE k.viewer_id = $1 AND k.week_start = $2) ",
            "AND NOT EXISTS (SELECT 1 FROM organisations s WHERE s.id = $1 AND s.suspended_at IS NOT NULL))"
        )
    };
}
pub(crate) use hidden;

/// Whether the digest `$a` lets the viewer be told of unnamed reports of the same: an own one that its organisation's comparisons of a day reached, or
/// somebody else's that is shown, from the week after it came on.
macro_rules! asked {
    ($a:literal) => {
        concat!(
            "((",
            $a,
            ".org_id = $1 AND ",
            $a,
            ".compared_from <= $3) OR (",
            $a,
            ".org_id <> $1 AND ",
            $a,
            ".since < $2 AND ",
            $crate::viewer::reach!(indicators, $a, detail),
            "))"
        )
    };
}
pub(crate) use asked;

/// Whether the viewer is shown the report whose digest is `m`.
macro_rules! readable {
    () => {
        $crate::viewer::reach!(indicators, "m", detail)
    };
}
pub(crate) use readable;

/// How many organisations the viewer knows by name to have reported what the indicator `t` reports. An organisation may have told its value and its hash.
macro_rules! named {
    () => {
        concat!(
            "(SELECT count(DISTINCT u.org_id) FROM indicator_digests m JOIN indicator_digests u ON u.digest = m.digest WHERE m.org_id = t.org_id AND m.id = t.id AND ",
            $crate::viewer::reach!(indicators, "u", detail),
            ")"
        )
    };
}
pub(crate) use named;

/// Whether three or more did that the viewer does not know by name: of two nobody is told, and never how many.
macro_rules! unnamed {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM indicator_digests m WHERE m.org_id = t.org_id AND m.id = t.id AND EXISTS (SELECT 1 FROM indicator_digests a WHERE a.digest = m.digest AND ",
            $crate::viewer::overlaps::asked!("a"),
            ") AND (SELECT count(DISTINCT u.org_id) FROM indicator_digests u WHERE u.digest = m.digest AND ",
            $crate::viewer::overlaps::hidden!(),
            ") >= 3)"
        )
    };
}
pub(crate) use unnamed;

const _: () = assert!(domain::aggregate::LEAST == 3, "unnamed! and several! say so");

/// The digests `s` of what several organisations reported, by the same numbers. One pass over an index.
macro_rules! several {
    () => {
        concat!(
            " FROM (SELECT u.digest, u.org_id, max(CASE WHEN ",
            $crate::viewer::reach!(indicators, "u", detail),
            " THEN 1 ELSE 0 END) AS named, max(CASE WHEN ",
            $crate::viewer::overlaps::hidden!(),
            " THEN 1 ELSE 0 END) AS hidden, max(CASE WHEN ",
            $crate::viewer::overlaps::asked!("u"),
            " THEN 1 ELSE 0 END) AS asked FROM indicator_digests u WHERE ",
            $crate::viewer::reach!(indicators, "u", detail),
            " OR ",
            $crate::viewer::overlaps::hidden!(),
            " GROUP BY u.digest, u.org_id) s GROUP BY s.digest HAVING sum(s.named) > 1 OR (sum(s.hidden) >= 3 AND max(s.asked) = 1)"
        )
    };
}
pub(crate) use several;
