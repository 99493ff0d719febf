//! What the program itself reads of samples: the present of organisations, and their days.

use super::{
    current::{CurrentValues, part_of, read_several},
    past::{Bodies, DAYS, Lasts, UNFOLDED, fresh_points},
};
use crate::{Hub, StoreError, db::read};
use domain::{OrgId, Timestamp};
use std::{collections::BTreeMap, sync::Arc};

/// One day of one series, as scoring replays it.
#[derive(Clone, Debug, PartialEq)]
pub struct DayValue {
    pub day: i64,
    pub metric: String,
    /// As in [`CurrentRow`](crate::CurrentRow).
    pub labels: String,
    /// The last of the day.
    pub value: f64,
    pub at: Timestamp,
}

impl Hub<'_> {
    /// Up to when each of `orgs` is heard of, with its current values, by organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn current(&self, orgs: &[OrgId]) -> Result<Vec<CurrentValues>, StoreError> {
        read_several(self, orgs).await
    }

    /// The same, at least as they were after a receipt of each: from memory where this program wrote them, so that only what other programs wrote is read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn current_after(&self, receipts: &BTreeMap<OrgId, i64>) -> Result<Vec<Arc<CurrentValues>>, StoreError> {
        let cache = &self.store.inner.current;
        let epoch = cache.epoch();
        let (mut known, mut missing) = (Vec::with_capacity(receipts.len()), vec![]);
        for (org, no) in receipts {
            match cache.committed(*org, *no) {
                Some(values) => known.push(values),
                None => missing.push(*org),
            }
        }
        if !missing.is_empty() {
            for values in self.current(&missing).await?.into_iter().map(Arc::new) {
                cache.commit(Arc::clone(&values), epoch);
                known.push(values);
            }
        }
        Ok(known)
    }

    /// The last value of each day of each series of one organisation, from `from_day` to its newest day.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn day_values(&self, org: OrgId, from_day: i64) -> Result<Vec<DayValue>, StoreError> {
        self.day_values_between(org, from_day, i64::MAX - 1).await
    }

    /// The last value of each day of each series of one organisation, from `from_day` to `to_day`, both included, by day and series.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn day_values_between(&self, org: OrgId, from_day: i64, to_day: i64) -> Result<Vec<DayValue>, StoreError> {
        let fresh: Bodies = read!(self, c => sqlx::query_as(UNFOLDED).bind(org.0).fetch_all(c).await)?;
        let Some(values) = self.current(&[org]).await?.pop() else { return Ok(vec![]) };
        let mut lasts = Lasts::default();
        let parts = (values.names.len() as u32).checked_sub(1).map_or(0, |last| part_of(last) + 1);
        for part in 0..parts as i64 {
            let folded: Bodies = read!(self, c => sqlx::query_as(DAYS).bind(org.0).bind(part).bind(from_day).bind(to_day + 1).fetch_all(c).await)?;
            lasts.take_folded(&folded, |_| true)?;
        }
        for one in fresh_points(&fresh, |_| true)? {
            let day = one.point.at.day();
            if (from_day..=to_day).contains(&day) {
                lasts.take(day, one.point);
            }
        }
        let row = |((day, series), point): ((i64, u32), super::body::Point)| {
            let (metric, labels) = values.names.of(series)?;
            Some(DayValue { day, metric: metric.to_owned(), labels: labels.to_owned(), value: point.value, at: point.at })
        };
        Ok(lasts.0.into_iter().filter_map(row).collect())
    }
}
