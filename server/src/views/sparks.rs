//! Small lines that were drawn already. Of all that a push makes new on a page, drawing takes the longest, and most organisations' lines are what they were.

use super::Looking;
use crate::charts::{self, SparkOptions, Sparkline};
use domain::OrgId;
use std::sync::Arc;

/// Lines that are kept, of about 2 KB each.
const MOST: u64 = 4_000;

/// All that a drawing is made of, so that it cannot be an old one. Each organisation has its own: how long an answer takes tells nobody what others look at.
#[derive(PartialEq, Eq, Hash)]
struct Drawn {
    viewer: OrgId,
    /// The bits of values and scale.
    points: Vec<u64>,
    scale: (u64, u64),
}

/// Lines by what they show.
pub(super) struct Sparks(moka::future::Cache<Drawn, Arc<str>>);

impl Default for Sparks {
    fn default() -> Self {
        Self(moka::future::Cache::new(MOST))
    }
}

impl Sparks {
    async fn of(&self, viewer: OrgId, points: &[Option<f64>], scale: (f64, f64)) -> Sparkline {
        // No finite number has these bits, and others are not drawn.
        let bits = |point: &Option<f64>| point.filter(|value| value.is_finite()).map_or(u64::MAX, f64::to_bits);
        let drawn = Drawn { viewer, points: points.iter().map(bits).collect(), scale: (scale.0.to_bits(), scale.1.to_bits()) };
        let draw = async { charts::sparkline(points, scale, SparkOptions::default()).into() };
        self.0.get_with(drawn, draw).await.as_ref().to_owned()
    }
}

impl Looking {
    /// A line of an organisation's values, drawn once for all who belong to the viewer's.
    pub(super) async fn sparkline(&self, points: &[Option<f64>], scale: (f64, f64)) -> Sparkline {
        self.app.views.sparks.of(self.viewer.org, points, scale).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_was_drawn_is_the_one_that_would_be_drawn() {
        let sparks = Sparks::default();
        let all = [vec![Some(70.0), Some(71.0)], vec![Some(70.0), None, Some(71.0)], vec![Some(f64::NAN), Some(71.0)], vec![None, Some(71.0)], vec![]];
        for scale in [(0.0, 100.0), (40.0, 100.0)] {
            for points in &all {
                for viewer in [OrgId(1), OrgId(2), OrgId(1)] {
                    assert_eq!(sparks.of(viewer, points, scale).await, charts::sparkline(points, scale, SparkOptions::default()), "{points:?} {scale:?}");
                }
            }
        }
        sparks.0.run_pending_tasks().await;
        // What cannot be drawn is as if it were not there: two of them are one and the same line.
        assert_eq!(sparks.0.entry_count(), 2 * 2 * (all.len() as u64 - 1));
    }
}
