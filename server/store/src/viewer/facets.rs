//! The facets of lists: how many rows each of their values leads to, counted as the viewer's numbers are.

use super::{Counts, EventFacet, EventFilter, IncidentFacet, IncidentFilter, IndicatorFacet, IndicatorFilter, Where, bind_all, counted, reach};
use crate::{StoreError, db::read};
use sqlx::AssertSqlSafe;

/// Value, label where the value is not its own, and number.
pub type Facet = Vec<(String, String, u64)>;

impl Counts<'_> {
    /// How many incidents each value of a facet leads to, all other narrowing kept. Organisations by slug, most first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_facet(&self, f: &IncidentFilter, facet: IncidentFacet) -> Result<Facet, StoreError> {
        // Words are looked for in rows that the viewer may read.
        let reach = if f.words.is_empty() { counted!(incidents) } else { reach!(incidents) };
        let value = match facet {
            IncidentFacet::Severity => "t.severity",
            IncidentFacet::Status => "t.status",
            IncidentFacet::Tlp => "t.tlp",
            IncidentFacet::Org => "",
        };
        self.facet("incidents", value, self.reads.incident_where(f, Some(facet), reach)).await
    }

    /// The same of active indicators.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator_facet(&self, f: &IndicatorFilter, facet: IndicatorFacet) -> Result<Facet, StoreError> {
        let value = match facet {
            IndicatorFacet::Kind => "t.kind",
            IndicatorFacet::Tlp => "t.tlp",
            IndicatorFacet::Org => "",
        };
        if f.words.is_empty() && !f.shared {
            return self.facet("indicators", value, self.reads.indicator_where(f, Some(facet), counted!(indicators))).await;
        }
        // Who else reported a thing is for the viewer's own eyes, in the database, too.
        let w = self.reads.indicator_where(f, Some(facet), reach!(indicators));
        let sql = facet_sql("indicators", value, &w);
        let rows: Vec<(String, String, i64)> = read!(self.reads, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(numbers(rows))
    }

    /// The same of events.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_facet(&self, f: &EventFilter, facet: EventFacet) -> Result<Facet, StoreError> {
        let reach = if f.words.is_empty() { counted!(events) } else { reach!(events) };
        let value = match facet {
            EventFacet::Severity => "t.severity",
            EventFacet::Tlp => "t.tlp",
            EventFacet::Org => "",
        };
        self.facet("events", value, self.reads.event_where(f, Some(facet), reach)).await
    }

    async fn facet(&self, table: &str, column: &str, w: Where) -> Result<Facet, StoreError> {
        let sql = facet_sql(table, column, &w);
        let rows: Vec<(String, String, i64)> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(numbers(rows))
    }
}

fn numbers(rows: Vec<(String, String, i64)>) -> Facet {
    rows.into_iter().map(|(v, l, n)| (v, l, n as u64)).collect()
}

/// Counts a table by a column, or by organisation where that is empty.
fn facet_sql(table: &str, column: &str, w: &Where) -> String {
    let (value, label, join) = match column {
        "" => ("o.slug".to_owned(), "o.name", "JOIN organisations o ON o.id = t.org_id"),
        column => (format!("CAST({column} AS TEXT)"), "''", ""),
    };
    format!("SELECT {value}, {label}, count(*) FROM {table} t {join} {} GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 20", w.sql())
}
