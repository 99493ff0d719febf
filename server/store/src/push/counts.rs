//! Indicator counts, for partners who share only numbers. A push replaces its window.

use super::{CountItem, Mode, Push, record::Reach};
use crate::{
    StoreError,
    db::{Conn, Rows, execute, on_conn},
};
use domain::Timestamp;
use std::collections::BTreeMap;

pub(crate) async fn apply(
    conn: &mut Conn,
    push: &Push,
    receipt: i64,
    window: (Timestamp, Timestamp),
    counts: &[CountItem],
    reach: &mut Reach,
) -> Result<(), StoreError> {
    const CLEAR: &str = "DELETE FROM indicator_counts WHERE org_id = $1 AND window_start = $2 AND window_end = $3";
    // A window that came after the snapshot was taken stays, and what the snapshot says of the same is older.
    const CLEAR_ALL: &str = "DELETE FROM indicator_counts WHERE org_id = $1 AND NOT EXISTS (SELECT 1 FROM receipts r WHERE r.no = indicator_counts.receipt_no \
                             AND r.org_id = $1 AND CASE WHEN r.as_of < r.received_at THEN r.as_of ELSE r.received_at END > $2)";
    const STAYED: &str = "SELECT count(*) FROM indicator_counts WHERE org_id = $1 AND window_start = $2 AND window_end = $3";
    const WRITE: &str = "INSERT INTO indicator_counts (org_id, window_start, window_end, kind, tlp, severity, n, receipt_no) \
                         SELECT v.org, v.window_start, v.window_end, v.kind, v.tlp, v.severity, v.n, v.receipt FROM v";
    if push.mode == Mode::Snapshot {
        execute!(conn, c => sqlx::query(CLEAR_ALL).bind(push.org.0).bind(push.moment().0).execute(&mut *c).await)?;
        let stayed: i64 = on_conn!(conn, c => sqlx::query_scalar(STAYED).bind(push.org.0).bind(window.0.0).bind(window.1.0).fetch_one(&mut *c).await)?;
        if stayed > 0 {
            return Ok(());
        }
    } else {
        execute!(conn, c => sqlx::query(CLEAR).bind(push.org.0).bind(window.0.0).bind(window.1.0).execute(&mut *c).await)?;
    }
    // The window is empty now, and what a push says of one kind in several items is added up.
    let mut sums: BTreeMap<(&str, i64, i64), i64> = BTreeMap::new();
    for item in counts {
        reach.record(item.tlp, &[], push.received_at);
        let sum = sums.entry((item.kind.name(), item.tlp.code(), item.severity.code())).or_default();
        *sum = sum.saturating_add(item.count as i64);
    }
    let sums: Vec<_> = sums.into_iter().collect();
    Rows::of(&sums)
        .with("org", |_| push.org.0)
        .with("window_start", |_| window.0.0)
        .with("window_end", |_| window.1.0)
        .with("kind", |((kind, ..), _)| *kind)
        .with("tlp", |((_, tlp, _), _)| *tlp)
        .with("severity", |((.., severity), _)| *severity)
        .with("n", |(_, n)| *n)
        .with("receipt", |_| receipt)
        .execute(conn, WRITE)
        .await
}
