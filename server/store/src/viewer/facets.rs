//! The facets of lists: how many rows each of their values leads to, counted as the viewer's numbers are.

use super::{
    Counts, EventFacet, EventFilter, IncidentFacet, IncidentFilter, IndicatorFacet, IndicatorFilter, Where, bind_all,
    indicators::outside,
    visible::{self, Visible},
};
use crate::{StoreError, db::read};
use sqlx::AssertSqlSafe;

/// Value, label where the value is not its own, and number.
pub type Facet = Vec<(String, String, u64)>;

/// Values that a facet has at most, those that lead to the most rows; the one that is chosen stands beside them.
pub const FACET_VALUES: usize = 20;

impl Counts<'_> {
    /// How many incidents each value of a facet leads to, all other narrowing kept. Organisations by slug, most first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_facet(&self, f: &IncidentFilter, facet: IncidentFacet) -> Result<Facet, StoreError> {
        // Words are looked for in rows that the viewer may read.
        let visible = if f.words.is_empty() { visible::COUNTED_INCIDENTS } else { visible::INCIDENTS };
        let (value, chosen) = match facet {
            IncidentFacet::Severity => ("t.severity", None),
            IncidentFacet::Status => ("t.status", None),
            IncidentFacet::Tlp => ("t.tlp", None),
            IncidentFacet::Class => ("t.class", f.class.clone()),
            IncidentFacet::Org => ("", f.org.map(|org| org.0.to_string())),
        };
        let w = self.reads.incident_where(f, Some(facet), visible.condition);
        let sql = facet_sql(visible, value, &w, "");
        self.facet(sql, w, chosen).await
    }

    /// The same of active indicators.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator_facet(&self, f: &IndicatorFilter, facet: IndicatorFacet) -> Result<Facet, StoreError> {
        let (value, chosen) = match facet {
            IndicatorFacet::Kind => ("t.kind", f.kind.map(|kind| kind.name().to_owned())),
            IndicatorFacet::Tlp => ("t.tlp", None),
            IndicatorFacet::Severity => ("coalesce(t.severity, -1)", None),
            IndicatorFacet::Org => ("", f.org.map(|org| org.0.to_string())),
        };
        if f.words.is_empty() && !f.shared {
            let w = self.reads.indicator_where(f, Some(facet), visible::COUNTED_INDICATORS.condition);
            let sql = facet_sql(visible::COUNTED_INDICATORS, value, &w, "");
            return self.facet(sql, w, chosen).await;
        }
        // Who else reported a thing is for the viewer's own eyes, in the database, too.
        let w = self.reads.indicator_where(f, Some(facet), visible::INDICATORS.condition);
        let sql = facet_sql(visible::INDICATORS, value, &w, outside(f));
        let rows: Vec<Row> = read!(self.reads, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(most(rows, chosen))
    }

    /// The same of events.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_facet(&self, f: &EventFilter, facet: EventFacet) -> Result<Facet, StoreError> {
        let visible = if f.words.is_empty() { visible::COUNTED_EVENTS } else { visible::EVENTS };
        let (value, chosen) = match facet {
            EventFacet::Severity => ("t.severity", None),
            EventFacet::Tlp => ("t.tlp", None),
            EventFacet::Org => ("", f.org.map(|org| org.0.to_string())),
        };
        let w = self.reads.event_where(f, Some(facet), visible.condition);
        let sql = facet_sql(visible, value, &w, "");
        self.facet(sql, w, chosen).await
    }

    async fn facet(&self, sql: String, w: Where, chosen: Option<String>) -> Result<Facet, StoreError> {
        let rows: Vec<Row> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(most(rows, chosen))
    }
}

/// Value, label, number, and what the value is stored as.
type Row = (String, String, i64, String);

/// The first of them, and the one that is chosen, wherever it stands.
fn most(rows: Vec<Row>, chosen: Option<String>) -> Facet {
    let kept = rows.into_iter().enumerate().filter(|(i, row)| *i < FACET_VALUES || chosen.as_ref() == Some(&row.3));
    kept.map(|(_, (value, label, n, _))| (value, label, n as u64)).collect()
}

/// Counts records by a column, or by organisation where that is empty.
fn facet_sql(visible: Visible, column: &str, w: &Where, outside: &str) -> String {
    let (column, value, label, join) = match column {
        "" => ("t.org_id", "o.slug", "o.name", "JOIN organisations o ON o.id = x.v"),
        column => (column, "CAST(x.v AS TEXT)", "''", ""),
    };
    format!(
        "SELECT {value}, {label}, count(*), CAST(x.v AS TEXT) FROM {} {join} {outside} GROUP BY 1, 2, 4 ORDER BY 3 DESC, 1",
        visible.rows(&format!("t.org_id, t.id, {column} AS v"), w)
    )
}
