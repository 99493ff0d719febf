//! The rows of samples of an hour, some at a time: how many there are is up to whoever pushes.

use crate::{
    StoreError,
    db::{Conn, on_conn},
};
use domain::{HOUR, OrgId};

/// Newest moment, newest receipt when it was folded, and body of a row.
pub(crate) type SamplesSql = (i64, i64, Vec<u8>);

/// Goes through the rows of one part and hour in which there may be something from a moment on.
pub(crate) struct Pages {
    org: OrgId,
    part: i64,
    hour: i64,
    /// After which row the next page begins; `None` after the last.
    after: Option<(i64, i64)>,
}

impl Pages {
    /// Rows in memory at once.
    const ROWS: i64 = 32;

    pub(crate) fn of(org: OrgId, part: i64, first: i64, hour: i64) -> Self {
        Self { org, part, hour, after: Some((first - 1, i64::MAX)) }
    }

    /// In a transaction that holds the organisation's turn.
    pub(crate) async fn next(&mut self, conn: &mut Conn) -> Result<Option<Vec<SamplesSql>>, StoreError> {
        const PAGE: &str = "SELECT newest_at, receipt_no, body FROM samples WHERE org_id = $1 AND part = $2 AND (newest_at, receipt_no) > ($3, $4) AND newest_at < $5 \
                            ORDER BY newest_at, receipt_no LIMIT $6";
        let Some((newest_at, receipt)) = self.after else { return Ok(None) };
        let (org, part, next) = (self.org.0, self.part, (self.hour + 1) * HOUR);
        let rows: Vec<SamplesSql> =
            on_conn!(conn, c => sqlx::query_as(PAGE).bind(org).bind(part).bind(newest_at).bind(receipt).bind(next).bind(Self::ROWS).fetch_all(&mut *c).await)?;
        self.after = rows.last().filter(|_| rows.len() as i64 == Self::ROWS).map(|(newest_at, receipt, _)| (*newest_at, *receipt));
        Ok(Some(rows))
    }
}
