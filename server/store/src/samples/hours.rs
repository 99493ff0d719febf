//! The rows of samples of an hour, some at a time: how many there are is up to whoever pushes.

use super::body::{Received, unpack_chunk};
use crate::{
    StoreError,
    db::{Conn, on_conn},
};
use domain::{HOUR, OrgId};

/// A row of samples.
pub(crate) struct Row {
    /// Its key, beside organisation and part: the newest moment, and the newest receipt when it was folded.
    pub key: (i64, i64),
    /// Those of the series that are wanted.
    pub points: Vec<Received>,
}

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

    /// In a transaction that holds the organisation's turn. A damaged row is left out, and the log says so: what comes after it would wait for ever.
    pub(crate) async fn next(&mut self, conn: &mut Conn, wanted: impl Fn(u32) -> bool) -> Result<Option<Vec<Row>>, StoreError> {
        const PAGE: &str = "SELECT newest_at, receipt_no, body FROM samples WHERE org_id = $1 AND part = $2 AND (newest_at, receipt_no) > ($3, $4) AND newest_at < $5 \
                            ORDER BY newest_at, receipt_no LIMIT $6";
        let Some((newest_at, receipt)) = self.after else { return Ok(None) };
        let (org, part, next) = (self.org.0, self.part, (self.hour + 1) * HOUR);
        let found: Vec<(i64, i64, Vec<u8>)> =
            on_conn!(conn, c => sqlx::query_as(PAGE).bind(org).bind(part).bind(newest_at).bind(receipt).bind(next).bind(Self::ROWS).fetch_all(&mut *c).await)?;
        self.after = found.last().filter(|_| found.len() as i64 == Self::ROWS).map(|(newest_at, receipt, _)| (*newest_at, *receipt));
        let mut rows = Vec::with_capacity(found.len());
        for (newest_at, receipt, body) in found {
            let mut points = vec![];
            match unpack_chunk(&body, &wanted, &mut points) {
                Ok(()) => rows.push(Row { key: (newest_at, receipt), points }),
                Err(error) => tracing::error!(%error, org, part, newest_at, receipt, "a row of samples is left out"),
            }
        }
        Ok(Some(rows))
    }
}
