//! Networks and what is in them: which reports of addresses a network holds, and which networks hold an address.

use super::{Arg, Reads, Where, bind_all, reach};
use crate::{StoreError, db::read};
use domain::{
    indicator::{networks_around, span},
    view::{NetworkRow, OrgRef},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Rows of each kind; the list has the rest.
pub const NETWORK_ROWS: usize = 50;

impl Reads<'_> {
    /// Active indicators of networks that hold an address or network, given with its type in their one spelling, and then of what it holds itself; none for all
    /// other types. At most [`NETWORK_ROWS`] of either.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn networks(&self, kind: &str, value: &str) -> Result<Vec<NetworkRow>, StoreError> {
        let Some((first, last)) = span(value) else { return Ok(vec![]) };
        let around = networks_around(value);
        let mut rows = vec![];
        if !around.is_empty() {
            let mut w = Where::reach(reach!(indicators), self.viewer);
            w.and("t.active AND NOT t.hashed AND t.kind = ?", [Arg::Text(kind.to_owned())]);
            let marks = vec!["?"; around.len()].join(", ");
            w.and(&format!("t.value IN ({marks})"), around.iter().cloned().map(Arg::Text));
            rows.extend(self.network_rows(&w, false).await?);
        }
        if first != last {
            let mut w = Where::reach(reach!(indicators), self.viewer);
            w.and("t.active AND NOT t.hashed AND t.address > '' AND t.kind = ?", [Arg::Text(kind.to_owned())]);
            w.and("t.address >= ? AND t.address <= ?", [Arg::Text(first), Arg::Text(last)]);
            // A larger network may begin with the same address.
            let larger: Vec<String> = around.into_iter().chain([value.to_owned()]).collect();
            let marks = vec!["?"; larger.len()].join(", ");
            w.and(&format!("t.value NOT IN ({marks})"), larger.into_iter().map(Arg::Text));
            rows.extend(self.network_rows(&w, true).await?);
        }
        Ok(rows)
    }

    async fn network_rows(&self, w: &Where, within: bool) -> Result<Vec<NetworkRow>, StoreError> {
        let sql = format!(
            "SELECT t.id, o.slug, o.name, t.value FROM indicators t JOIN organisations o ON o.id = t.org_id {} ORDER BY t.address, t.value, o.name LIMIT {NETWORK_ROWS}",
            w.sql()
        );
        type Row = (Uuid, String, String, String);
        let rows: Vec<Row> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(id, slug, name, value)| NetworkRow { id: id.to_string(), org: OrgRef { slug, name }, value, within }).collect())
    }
}
