//! The bodies of the tables of samples: what is packed, and in which order.
//!
//! Moments are counted in the largest unit (second, millisecond, microsecond) that all of a body's share, each as its distance from the one before; numbers of series and of
//! receipts likewise. So a body of one push, whose samples mostly are of one moment, takes two bytes a sample beside the values.

use super::pack::{Packer, Unpacker};
use crate::StoreError;
use domain::Timestamp;

/// One value of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The number of its series in its organisation.
    pub series: u32,
    pub at: Timestamp,
    pub value: f64,
}

/// A value with the number of the receipt it came with; 0 where it came with none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Received {
    pub point: Point,
    pub receipt: i64,
}

/// The newest value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Newest {
    pub point: Point,
    /// The moment that the last push spoke of which named the series, or left it out.
    pub heard_at: Timestamp,
    /// Left out of a snapshot: remembered, but not current.
    pub expired: bool,
}

/// Units of moments, in microseconds; a body names its place.
const UNITS: [i64; 3] = [1_000_000, 1_000, 1];

/// Counts moments in one unit, each from the one before.
struct Moments {
    unit: i64,
    last: i64,
}

impl Moments {
    fn begin(packer: &mut Packer, moments: impl Iterator<Item = Timestamp> + Clone) -> Self {
        let place = UNITS.iter().position(|unit| moments.clone().all(|at| at.0 % unit == 0)).unwrap_or(UNITS.len() - 1);
        packer.unsigned(place as u64);
        Self { unit: UNITS[place], last: 0 }
    }

    fn pack(&mut self, packer: &mut Packer, at: Timestamp) {
        let now = at.0 / self.unit;
        packer.signed(now.wrapping_sub(self.last));
        self.last = now;
    }

    fn resume(unpacker: &mut Unpacker<'_>) -> Result<Self, StoreError> {
        let place = unpacker.unsigned()?;
        let unit = UNITS.get(place as usize).ok_or_else(|| StoreError::Internal("packed samples are in an unknown unit of time".into()))?;
        Ok(Self { unit: *unit, last: 0 })
    }

    fn unpack(&mut self, unpacker: &mut Unpacker<'_>) -> Result<Timestamp, StoreError> {
        self.last = self.last.wrapping_add(unpacker.signed()?);
        Ok(Timestamp(self.last.wrapping_mul(self.unit)))
    }
}

fn next_series(unpacker: &mut Unpacker<'_>, last: &mut u32) -> Result<u32, StoreError> {
    *last = last.wrapping_add(unpacker.unsigned()? as u32);
    Ok(*last)
}

/// Points in any order: by moment and series in the body.
pub(crate) fn pack_push(points: &mut [Point]) -> Vec<u8> {
    points.sort_unstable_by_key(|p| (p.at, p.series));
    let mut packer = Packer::with_capacity(16 + 6 * points.len());
    let mut moments = Moments::begin(&mut packer, points.iter().map(|p| p.at));
    for same in points.chunk_by(|a, b| a.at == b.at) {
        moments.pack(&mut packer, same[0].at);
        packer.unsigned(same.len() as u64);
        let mut last = 0;
        for point in same {
            packer.unsigned(u64::from(point.series - last));
            last = point.series;
            packer.value(point.value);
        }
    }
    packer.finish()
}

/// Appends the points of a [push](pack_push) with its receipt.
pub(crate) fn unpack_push(body: &[u8], receipt: i64, into: &mut Vec<Received>) -> Result<(), StoreError> {
    let mut unpacker = Unpacker::new(body)?;
    let mut moments = Moments::resume(&mut unpacker)?;
    while !unpacker.is_done() {
        let at = moments.unpack(&mut unpacker)?;
        let mut last = 0;
        for _ in 0..unpacker.unsigned()? {
            let series = next_series(&mut unpacker, &mut last)?;
            into.push(Received { point: Point { series, at, value: unpacker.value()? }, receipt });
        }
    }
    Ok(())
}

/// Points sorted by series and moment.
pub(crate) fn pack_chunk(points: &[Received]) -> Vec<u8> {
    let mut packer = Packer::with_capacity(16 + 6 * points.len());
    let mut moments = Moments::begin(&mut packer, points.iter().map(|p| p.point.at));
    let (mut series, mut receipt) = (0, 0);
    for same in points.chunk_by(|a, b| a.point.series == b.point.series) {
        packer.unsigned(u64::from(same[0].point.series - series));
        series = same[0].point.series;
        packer.unsigned(same.len() as u64);
        for one in same {
            moments.pack(&mut packer, one.point.at);
            packer.signed(one.receipt - receipt);
            receipt = one.receipt;
            packer.value(one.point.value);
        }
    }
    packer.finish()
}

/// Appends the points of a [chunk](pack_chunk) whose series is wanted.
pub(crate) fn unpack_chunk(body: &[u8], wanted: impl Fn(u32) -> bool, into: &mut Vec<Received>) -> Result<(), StoreError> {
    let mut unpacker = Unpacker::new(body)?;
    let mut moments = Moments::resume(&mut unpacker)?;
    let (mut last, mut receipt) = (0, 0_i64);
    while !unpacker.is_done() {
        let series = next_series(&mut unpacker, &mut last)?;
        let wanted = wanted(series);
        for _ in 0..unpacker.unsigned()? {
            let at = moments.unpack(&mut unpacker)?;
            receipt = receipt.wrapping_add(unpacker.signed()?);
            let value = unpacker.value()?;
            if wanted {
                into.push(Received { point: Point { series, at, value }, receipt });
            }
        }
    }
    Ok(())
}

/// One point a series, sorted by series: the last of each in an hour or a day.
pub(crate) fn pack_lasts(points: &[Point]) -> Vec<u8> {
    let mut packer = Packer::with_capacity(16 + 6 * points.len());
    let mut moments = Moments::begin(&mut packer, points.iter().map(|p| p.at));
    let mut series = 0;
    for point in points {
        packer.unsigned(u64::from(point.series - series));
        series = point.series;
        moments.pack(&mut packer, point.at);
        packer.value(point.value);
    }
    packer.finish()
}

/// Back from [`pack_lasts`].
pub(crate) fn unpack_lasts(body: &[u8]) -> Result<Vec<Point>, StoreError> {
    let mut unpacker = Unpacker::new(body)?;
    let mut moments = Moments::resume(&mut unpacker)?;
    let (mut last, mut points) = (0, vec![]);
    while !unpacker.is_done() {
        let series = next_series(&mut unpacker, &mut last)?;
        points.push(Point { series, at: moments.unpack(&mut unpacker)?, value: unpacker.value()? });
    }
    Ok(points)
}

/// The newest values of series, sorted by these.
pub(crate) fn pack_newest(all: &[Newest]) -> Vec<u8> {
    let mut packer = Packer::with_capacity(16 + 8 * all.len());
    let mut moments = Moments::begin(&mut packer, all.iter().map(|one| one.point.at));
    let mut heard = Moments::begin(&mut packer, all.iter().map(|one| one.heard_at));
    let mut series = 0;
    for one in all {
        packer.unsigned(u64::from(one.point.series - series) << 1 | u64::from(one.expired));
        series = one.point.series;
        moments.pack(&mut packer, one.point.at);
        heard.pack(&mut packer, one.heard_at);
        packer.value(one.point.value);
    }
    packer.finish()
}

/// Back from [`pack_newest`].
pub(crate) fn unpack_newest(body: &[u8]) -> Result<Vec<Newest>, StoreError> {
    let mut unpacker = Unpacker::new(body)?;
    let mut moments = Moments::resume(&mut unpacker)?;
    let mut heard = Moments::resume(&mut unpacker)?;
    let (mut series, mut all) = (0_u32, vec![]);
    while !unpacker.is_done() {
        let head = unpacker.unsigned()?;
        series = series.wrapping_add((head >> 1) as u32);
        let (at, heard_at) = (moments.unpack(&mut unpacker)?, heard.unpack(&mut unpacker)?);
        all.push(Newest { point: Point { series, at, value: unpacker.value()? }, heard_at, expired: head & 1 == 1 });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn received() -> impl Strategy<Value = Vec<Received>> {
        let moment = prop_oneof![any::<i32>().prop_map(|s| i64::from(s) * 1_000_000), -1_i64 << 55..1 << 55];
        let one = (0_u32..5_000, moment, prop_oneof![any::<f64>(), (0..10_000_i32).prop_map(|c| f64::from(c) / 100.0)], 0_i64..1 << 40);
        let one = one.prop_map(|(series, at, value, receipt)| Received { point: Point { series, at: Timestamp(at), value }, receipt });
        proptest::collection::vec(one, 0..40).prop_map(|mut all| {
            all.retain(|one| !one.point.value.is_nan());
            all.sort_by_key(|one| (one.point.series, one.point.at));
            all
        })
    }

    proptest! {
        #[test]
        fn bodies_come_back_as_they_went(all in received()) {
            let mut chunk = vec![];
            unpack_chunk(&pack_chunk(&all), |_| true, &mut chunk).unwrap();
            prop_assert_eq!(&chunk, &all);
            let mut points: Vec<Point> = all.iter().map(|one| one.point).collect();
            let mut push = vec![];
            unpack_push(&pack_push(&mut points), 7, &mut push).unwrap();
            prop_assert_eq!(push, points.iter().map(|point| Received { point: *point, receipt: 7 }).collect::<Vec<_>>());
            let mut lasts: Vec<Point> = all.iter().map(|one| one.point).collect();
            lasts.dedup_by_key(|point| point.series);
            prop_assert_eq!(&unpack_lasts(&pack_lasts(&lasts)).unwrap(), &lasts);
            let newest: Vec<Newest> = lasts.iter().map(|point| Newest { point: *point, heard_at: Timestamp(point.at.0 / 3), expired: point.series % 2 == 0 }).collect();
            prop_assert_eq!(unpack_newest(&pack_newest(&newest)).unwrap(), newest);
        }

        #[test]
        fn damaged_bodies_are_errors_and_no_panics(mut body: Vec<u8>) {
            body.insert(0, 1);
            body.truncate(64);
            let _ = unpack_lasts(&body);
            let _ = unpack_newest(&body);
        }
    }

    #[test]
    fn a_usual_push_takes_few_bytes() {
        let mut points: Vec<Point> = (0..100).map(|n| Point { series: n, at: Timestamp(1_700_000_000_000_000), value: 72.43 }).collect();
        assert!(pack_push(&mut points).len() < 420, "{}", pack_push(&mut points).len());
    }
}
