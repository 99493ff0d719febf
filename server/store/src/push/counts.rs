//! Indicator counts, for partners who share only numbers. A push replaces its window.

use super::{CountItem, Mode, Push, record::Reach};
use crate::{
    StoreError,
    db::{Conn, execute, on_conn},
};
use domain::Timestamp;

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
    const WRITE: &str = "INSERT INTO indicator_counts AS t (org_id, window_start, window_end, kind, tlp, severity, n, receipt_no) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                         ON CONFLICT (org_id, window_start, window_end, kind, tlp, severity) DO UPDATE SET n = t.n + excluded.n";
    if push.mode == Mode::Snapshot {
        execute!(conn, c => sqlx::query(CLEAR_ALL).bind(push.org.0).bind(push.moment().0).execute(&mut *c).await)?;
        let stayed: i64 = on_conn!(conn, c => sqlx::query_scalar(STAYED).bind(push.org.0).bind(window.0.0).bind(window.1.0).fetch_one(&mut *c).await)?;
        if stayed > 0 {
            return Ok(());
        }
    } else {
        execute!(conn, c => sqlx::query(CLEAR).bind(push.org.0).bind(window.0.0).bind(window.1.0).execute(&mut *c).await)?;
    }
    for item in counts {
        reach.record(item.tlp, &[], push.received_at);
        execute!(conn, c => {
            sqlx::query(WRITE)
                .bind(push.org.0)
                .bind(window.0.0)
                .bind(window.1.0)
                .bind(item.kind.name())
                .bind(item.tlp.code())
                .bind(item.severity.code())
                .bind(item.count as i64)
                .bind(receipt)
                .execute(&mut *c)
                .await
        })?;
    }
    Ok(())
}
