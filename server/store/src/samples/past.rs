//! What samples were: those that are folded and those that are not yet, put together.

use super::body::{Point, Received, unpack_lasts, unpack_push};
use crate::StoreError;
use std::collections::BTreeMap;

/// The pushes of an organisation that are not folded yet; takes the organisation. Read before what is folded, so that nothing falls between the two.
pub(crate) const UNFOLDED: &str = "SELECT receipt_no, body FROM pushed_samples WHERE org_id = $1 ORDER BY receipt_no";
/// Last values of hours and days. Each takes the organisation, the part, the first bucket and the one after the last.
pub(crate) const HOURS: &str = "SELECT bucket, body FROM rollup_hours WHERE org_id = $1 AND part = $2 AND bucket >= $3 AND bucket < $4 ORDER BY bucket";
pub(crate) const DAYS: &str = "SELECT bucket, body FROM rollup_days WHERE org_id = $1 AND part = $2 AND bucket >= $3 AND bucket < $4 ORDER BY bucket";

/// Numbers and bodies of rows.
pub(crate) type Bodies = Vec<(i64, Vec<u8>)>;

/// The points of some series in what is not folded yet, in the order of receipts.
pub(crate) fn fresh_points(fresh: &Bodies, wanted: impl Fn(u32) -> bool) -> Result<Vec<Received>, StoreError> {
    let mut points = vec![];
    for (receipt, body) in fresh {
        let known = points.len();
        unpack_push(body, *receipt, &mut points)?;
        let mut new = points.split_off(known);
        new.retain(|one| wanted(one.point.series));
        points.extend(new);
    }
    Ok(points)
}

/// The last value of some series in each bucket of a range, by bucket and series: of one moment the newest receipt's.
#[derive(Default)]
pub(crate) struct Lasts(pub BTreeMap<(i64, u32), Point>);

impl Lasts {
    /// Takes in what is folded.
    pub fn take_folded(&mut self, folded: &Bodies, wanted: impl Fn(u32) -> bool) -> Result<(), StoreError> {
        for (bucket, body) in folded {
            for point in unpack_lasts(body)?.into_iter().filter(|point| wanted(point.series)) {
                self.take(*bucket, point);
            }
        }
        Ok(())
    }

    /// Takes in a point that is younger, by its receipt, than all before.
    pub fn take(&mut self, bucket: i64, point: Point) {
        let last = self.0.entry((bucket, point.series)).or_insert(point);
        if point.at >= last.at {
            *last = point;
        }
    }
}

/// Leaves one point of each series and moment: of the same value the first receipt's, of several values the last receipt's.
pub(crate) fn settle(points: &mut Vec<Received>) {
    points.sort_by_key(|one| (one.point.series, one.point.at, one.receipt));
    points.dedup_by(|later, kept| {
        let same = (later.point.series, later.point.at) == (kept.point.series, kept.point.at);
        if same && later.point.value.to_bits() != kept.point.value.to_bits() {
            *kept = *later;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    fn received(at: i64, value: f64, receipt: i64) -> Received {
        Received { point: Point { series: 0, at: Timestamp(at), value }, receipt }
    }

    #[test]
    fn a_repeated_value_keeps_its_first_receipt_and_a_corrected_one_has_its_last() {
        let mut points = vec![received(2, 5.0, 4), received(1, 1.0, 3), received(1, 1.0, 1), received(1, 2.0, 5), received(1, 1.0, 7), received(2, 5.0, 9)];
        settle(&mut points);
        assert_eq!(points, [received(1, 1.0, 7), received(2, 5.0, 4)]);
    }
}
