//! Rows of metrics on PostgreSQL: a column is one argument, whatever the number of rows, so that each statement is prepared once.

use super::{Rollup, SampleRow, Table};
use crate::db::Lane;
use domain::{OrgId, Timestamp};
use sqlx::{AssertSqlSafe, Postgres, postgres::PgArguments, query::Query};

/// Inserts samples that are not there; returns how many.
pub(super) async fn insert(lane: &mut Lane, org: OrgId, receipt: i64, rows: &[SampleRow]) -> Result<u64, sqlx::Error> {
    const INSERT: &str = "INSERT INTO samples (hour, org_id, observed_at, series_id, value, receipt_no) \
        SELECT hour, $1, at, series, value, $2 FROM UNNEST($3::bigint[], $4::bigint[], $5::bigint[], $6::double precision[]) AS v (hour, at, series, value) \
        ON CONFLICT DO NOTHING";
    let done = sqlx::query(INSERT)
        .bind(org.0)
        .bind(receipt)
        .bind(rows.iter().map(|r| r.observed_at.hour()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.observed_at.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.series).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.value).collect::<Vec<_>>())
        .execute(&mut lane.conn)
        .await?;
    Ok(done.rows_affected())
}

/// Writes rollups in the order of their key, so that two nodes never wait for each other.
pub(super) async fn rollups(lane: &mut Lane, org: OrgId, table: Table, rows: &[(&(i64, i64), &Rollup)], suffix: &str) -> Result<(), sqlx::Error> {
    let query = sqlx::query(AssertSqlSafe(format!("{} {} {suffix}", table.head, rollup_rows(2)))).bind(org.0);
    bind_rollups(query, rows.iter().copied()).execute(&mut lane.conn).await?;
    Ok(())
}

/// Reads the rows of a rollup for the organisation `$1` from the eight columns that [`bind_rollups`] binds, the first of them as `$first`.
pub(super) fn rollup_rows(first: usize) -> String {
    let types = ["bigint", "bigint", "bigint", "double precision", "double precision", "double precision", "double precision", "bigint"];
    let columns: Vec<String> = types.into_iter().zip(first..).map(|(name, n)| format!("${n}::{name}[]")).collect();
    format!(
        "SELECT bucket, $1, series, n, sum, min, max, last, last_at FROM UNNEST({}) AS v (bucket, series, n, sum, min, max, last, last_at)",
        columns.join(", ")
    )
}

/// Binds the columns of rollups.
pub(super) fn bind_rollups<'q, 'r>(
    query: Query<'q, Postgres, PgArguments>,
    rows: impl Iterator<Item = (&'r (i64, i64), &'r Rollup)> + Clone,
) -> Query<'q, Postgres, PgArguments> {
    query
        .bind(rows.clone().map(|(key, _)| key.0).collect::<Vec<_>>())
        .bind(rows.clone().map(|(key, _)| key.1).collect::<Vec<_>>())
        .bind(rows.clone().map(|(_, r)| r.n).collect::<Vec<_>>())
        .bind(rows.clone().map(|(_, r)| r.sum).collect::<Vec<_>>())
        .bind(rows.clone().map(|(_, r)| r.min).collect::<Vec<_>>())
        .bind(rows.clone().map(|(_, r)| r.max).collect::<Vec<_>>())
        .bind(rows.clone().map(|(_, r)| r.last).collect::<Vec<_>>())
        .bind(rows.map(|(_, r)| r.last_at).collect::<Vec<_>>())
}

/// Writes current values.
pub(super) async fn current(lane: &mut Lane, org: OrgId, (receipt, heard_at): (i64, Timestamp), rows: &[&SampleRow], suffix: &str) -> Result<(), sqlx::Error> {
    const WRITE: &str = "INSERT INTO current_values AS t (org_id, series_id, value, observed_at, receipt_no, heard_at) \
        SELECT $1, series, value, at, $2, $6 FROM UNNEST($3::bigint[], $4::double precision[], $5::bigint[]) AS v (series, value, at)";
    sqlx::query(AssertSqlSafe(format!("{WRITE} {suffix}")))
        .bind(org.0)
        .bind(receipt)
        .bind(rows.iter().map(|r| r.series).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.value).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.observed_at.0).collect::<Vec<_>>())
        .bind(heard_at.0)
        .execute(&mut lane.conn)
        .await?;
    Ok(())
}
