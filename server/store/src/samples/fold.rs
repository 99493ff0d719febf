//! Folding: an organisation's latest pushes become rows sorted by series and time, and move the last values of their hours and days on.
//!
//! A transaction for each batch of pushes, under the organisation's turn, so a batch is folded wholly or not at all, and two hubs that fold the same do it one after the other. What is
//! folded is derived from the pushes: what is read of it is the same in whatever pieces they are folded. A late value comes in a row more, a corrected one into its row.

use super::{
    body::{Point, Received, pack_chunk, pack_lasts, unpack_chunk, unpack_lasts, unpack_push},
    current::part_of,
    hours::{Pages, Row},
    past::{Lasts, settle},
};
use crate::{
    Hub, StoreError,
    db::{Conn, Rows, Scope, execute, on_conn, read},
    writer::Keep,
};
use domain::{DAY, HOUR, OrgId, Timestamp};
use std::collections::{BTreeMap, HashSet};

/// Pushes, and points, after which an organisation's are folded without waiting for the hour to end: what is not folded is read whole with each page that asks for its past.
pub(crate) const MAX_PUSHES: i64 = 256;
pub(crate) const MAX_POINTS: i64 = 25_600;
/// Pushes that are folded in one transaction.
const BATCH: i64 = 2 * MAX_PUSHES;

/// What last values are kept of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bucket {
    Hour,
    Day,
}

impl Bucket {
    const ALL: [Self; 2] = [Self::Hour, Self::Day];

    fn of(self, at: Timestamp) -> i64 {
        match self {
            Self::Hour => at.hour(),
            Self::Day => at.day(),
        }
    }

    /// Reads the rows that `v` names.
    const fn read(self) -> &'static str {
        match self {
            Self::Hour => "SELECT t.part, t.bucket, t.body FROM v CROSS JOIN rollup_hours t WHERE t.org_id = v.org AND t.part = v.part AND t.bucket = v.bucket",
            Self::Day => "SELECT t.part, t.bucket, t.body FROM v CROSS JOIN rollup_days t WHERE t.org_id = v.org AND t.part = v.part AND t.bucket = v.bucket",
        }
    }

    /// Writes the rows of `v`.
    const fn write(self) -> &'static str {
        match self {
            Self::Hour => {
                "INSERT INTO rollup_hours (org_id, part, bucket, body) SELECT v.org, v.part, v.bucket, v.body FROM v WHERE TRUE \
                 ON CONFLICT (org_id, part, bucket) DO UPDATE SET body = excluded.body"
            }
            Self::Day => {
                "INSERT INTO rollup_days (org_id, part, bucket, body) SELECT v.org, v.part, v.bucket, v.body FROM v WHERE TRUE \
                 ON CONFLICT (org_id, part, bucket) DO UPDATE SET body = excluded.body"
            }
        }
    }

    /// Makes the last values of a part again, from the samples that are kept of a bucket.
    async fn make(self, conn: &mut Conn, org: OrgId, part: i64, bucket: i64) -> Result<Vec<Point>, StoreError> {
        let hours = match self {
            Self::Hour => bucket..bucket + 1,
            Self::Day => bucket * 24..(bucket + 1) * 24,
        };
        let mut lasts = Lasts::default();
        for hour in hours {
            let mut pages = Pages::of(org, part, hour * HOUR, hour);
            while let Some(page) = pages.next(conn, |_| true).await? {
                page.iter().flat_map(|row| &row.points).for_each(|one| lasts.take(bucket, one.point));
            }
        }
        Ok(lasts.0.into_values().collect())
    }

    /// Takes the organisation and the first bucket.
    const fn clear(self) -> &'static str {
        match self {
            Self::Hour => "DELETE FROM rollup_hours WHERE org_id = $1 AND bucket >= $2",
            Self::Day => "DELETE FROM rollup_days WHERE org_id = $1 AND bucket >= $2",
        }
    }
}

/// Sorts points by series, time and receipt, and leaves out what only repeats the value that its moment had. What was corrected stays, or the receipt of a value that came
/// twice with another between could not be told any more.
fn tidy(points: &mut Vec<Received>) {
    points.sort_by_key(|one| (one.point.series, one.point.at, one.receipt));
    points.dedup_by(|later, before| {
        (later.point.series, later.point.at) == (before.point.series, before.point.at) && later.point.value.to_bits() == before.point.value.to_bits()
    });
}

/// Points in a row of samples at most, beyond those of one moment: what a correction of one of them rewrites.
const ROW_POINTS: usize = 2_048;
/// Hours of parts that are folded in one transaction, beyond those of one push.
const HOURS: usize = 2_000;

/// A row of samples.
struct Chunk {
    part: i64,
    newest_at: i64,
    receipt: i64,
    body: Vec<u8>,
}

impl Chunk {
    /// Of points of one part and hour, the whole of each moment in one row. So no two rows have the same key: those of one fold differ by their newest moments, and those of two
    /// by their newest receipts.
    fn of(part: usize, mut points: Vec<Received>) -> Vec<Self> {
        settle(&mut points);
        points.sort_by_key(|one| one.point.at);
        let (mut chunks, mut rest) = (vec![], &mut points[..]);
        while !rest.is_empty() {
            let end = rest.get(ROW_POINTS).map_or(rest.len(), |next| rest.partition_point(|one| one.point.at <= next.point.at));
            let (row, later) = rest.split_at_mut(end);
            let newest_at = row.last().map(|one| one.point.at.0).unwrap_or_default();
            let receipt = row.iter().map(|one| one.receipt).max().unwrap_or_default();
            row.sort_by_key(|one| (one.point.series, one.point.at));
            chunks.push(Self { part: part as i64, newest_at, receipt, body: pack_chunk(row) });
            rest = later;
        }
        chunks
    }
}

/// Writes points, which are sorted by series, time and receipt, as they are to stay: themselves from a moment on, the last values of hours from another on, and those of days. Their
/// receipts are younger than all that is folded.
pub(crate) async fn write(conn: &mut Conn, org: OrgId, points: &[Received], raw_from: Timestamp, hours_from: Timestamp) -> Result<(), StoreError> {
    const WRITE: &str = "INSERT INTO samples (org_id, part, newest_at, receipt_no, body) SELECT v.org, v.part, v.newest_at, v.receipt_no, v.body FROM v";
    let mut of: Hours = BTreeMap::new();
    for one in points.iter().filter(|one| one.point.at >= raw_from) {
        of.entry((part_of(one.point.series), one.point.at.hour())).or_default().push(*one);
    }
    correct(conn, org, &mut of).await?;
    let chunks: Vec<Chunk> = of.into_iter().flat_map(|((part, _), points)| Chunk::of(part, points)).collect();
    let rows = Rows::of(&chunks).with("org", |_| org.0).with("part", |chunk| chunk.part).with("newest_at", |chunk| chunk.newest_at);
    rows.with("receipt_no", |chunk| chunk.receipt).with("body", |chunk| &chunk.body[..]).execute(conn, WRITE).await?;
    move_on(conn, org, Bucket::Hour, points.iter().filter(|one| one.point.at >= hours_from)).await?;
    move_on(conn, org, Bucket::Day, points.iter()).await
}

/// Points by part and hour.
type Hours = BTreeMap<(usize, i64), Vec<Received>>;

/// Takes out the points whose moments have a value already, which is kept where it is the same, with its receipt, and corrected in its row where it is another. So a moment has one value,
/// however often it is said.
async fn correct(conn: &mut Conn, org: OrgId, of: &mut Hours) -> Result<(), StoreError> {
    const KNOWN: &str = "SELECT v.part, v.hour FROM v WHERE EXISTS (SELECT 1 FROM samples t WHERE t.org_id = v.org AND t.part = v.part AND t.newest_at >= v.first AND t.newest_at < v.next)";
    const CORRECT: &str = "UPDATE samples SET body = v.body FROM v WHERE samples.org_id = v.org AND samples.part = v.part AND samples.newest_at = v.newest_at AND samples.receipt_no = v.receipt_no";
    let first = |points: &[Received]| points.iter().map(|one| one.point.at.0).min().unwrap_or_default();
    let hours: Vec<(i64, i64, i64)> = of.iter().map(|((part, hour), points)| (*part as i64, *hour, first(points))).collect();
    let rows = Rows::of(&hours).with("org", |_| org.0).with("part", |(part, ..)| *part).with("hour", |(_, hour, _)| *hour);
    let known: Vec<(i64, i64)> = rows.with("first", |(.., first)| *first).with("next", |(_, hour, _)| (hour + 1) * HOUR).fetch(conn, KNOWN).await?;
    for (part, hour) in known {
        let Some(new) = of.get_mut(&(part as usize, hour)) else { continue };
        let mut is_known = vec![false; new.len()];
        let mut pages = Pages::of(org, part, first(new), hour);
        while let Some(page) = pages.next(conn, |_| true).await? {
            let mut corrected = vec![];
            for Row { key, mut points } in page {
                let mut is_other = false;
                for known in &mut points {
                    let moment = |one: &Received| (one.point.series, one.point.at);
                    let of = moment(known);
                    let first = new.partition_point(|one| moment(one) < of);
                    for place in (first..new.len()).take_while(|place| moment(&new[*place]) == of) {
                        is_known[place] = true;
                        if new[place].point.value.to_bits() != known.point.value.to_bits() {
                            (*known, is_other) = (new[place], true);
                        }
                    }
                }
                if is_other {
                    corrected.push((key, pack_chunk(&points)));
                }
            }
            let rows = Rows::of(&corrected).with("org", |_| org.0).with("part", |_| part).with("newest_at", |(key, _)| key.0);
            rows.with("receipt_no", |(key, _)| key.1).with("body", |(_, body)| &body[..]).execute(conn, CORRECT).await?;
        }
        let mut is_known = is_known.into_iter();
        new.retain(|_| !is_known.next().unwrap_or_default());
    }
    Ok(())
}

/// Moves the last values of buckets on, by points whose receipts of the same moment are in order.
async fn move_on<'p>(conn: &mut Conn, org: OrgId, bucket: Bucket, points: impl Iterator<Item = &'p Received>) -> Result<(), StoreError> {
    let mut lasts: BTreeMap<(i64, i64), BTreeMap<u32, Point>> = BTreeMap::new();
    for one in points {
        let point = one.point;
        let last = lasts.entry((part_of(point.series) as i64, bucket.of(point.at))).or_default().entry(point.series).or_insert(point);
        if point.at >= last.at {
            *last = point;
        }
    }
    let keys: Vec<(i64, i64)> = lasts.keys().copied().collect();
    let rows = Rows::of(&keys).with("org", |_| org.0).with("part", |(part, _)| *part).with("bucket", |(_, bucket)| *bucket);
    let stored: Vec<(i64, i64, Vec<u8>)> = rows.fetch(conn, bucket.read()).await?;
    for (part, number, body) in stored {
        let Some(lasts) = lasts.get_mut(&(part, number)) else { continue };
        let before = match unpack_lasts(&body) {
            Ok(before) => before,
            Err(error) => {
                tracing::error!(%error, org = org.0, part, bucket = number, "last values are damaged and made again from samples");
                bucket.make(conn, org, part, number).await?
            }
        };
        for before in before {
            lasts
                .entry(before.series)
                .and_modify(|last| {
                    if before.at > last.at {
                        *last = before
                    }
                })
                .or_insert(before);
        }
    }
    let bodies: Vec<((i64, i64), Vec<u8>)> = lasts.iter().map(|(key, lasts)| (*key, pack_lasts(&lasts.values().copied().collect::<Vec<_>>()))).collect();
    let rows = Rows::of(&bodies).with("org", |_| org.0).with("part", |((part, _), _)| *part).with("bucket", |((_, bucket), _)| *bucket);
    rows.with("body", |(_, body)| &body[..]).execute(conn, bucket.write()).await
}

/// Folds an organisation's oldest pushes; returns how many, and whether more are left.
async fn fold(conn: &mut Conn, org: OrgId) -> Result<(u64, bool), StoreError> {
    const OLDEST: &str = "SELECT receipt_no, body FROM pushed_samples WHERE org_id = $1 ORDER BY receipt_no LIMIT $2";
    const FOLDED: &str = "DELETE FROM pushed_samples WHERE org_id = $1 AND receipt_no <= $2";
    const LEFT: &str = "UPDATE push_states SET fresh_pushes = (SELECT count(*) FROM pushed_samples p WHERE p.org_id = $1), \
        fresh_points = 0, fresh_since = (SELECT r.received_at FROM receipts r WHERE r.org_id = $1 AND r.no = (SELECT min(p.receipt_no) FROM pushed_samples p WHERE p.org_id = $1)) WHERE org_id = $1";
    let fresh: Vec<(i64, Vec<u8>)> = on_conn!(conn, c => sqlx::query_as(OLDEST).bind(org.0).bind(BATCH).fetch_all(&mut *c).await)?;
    let (mut points, mut hours, mut taken, mut newest) = (vec![], HashSet::new(), 0, 0);
    for (receipt, body) in &fresh {
        let before = points.len();
        if let Err(error) = unpack_push(body, *receipt, &mut points) {
            // Its receipt and payload stay. All later pushes would wait for it for ever.
            tracing::error!(%error, org = org.0, receipt, "the samples of a push are damaged and left out");
            points.truncate(before);
        }
        hours.extend(points[before..].iter().map(|one| (part_of(one.point.series), one.point.at.hour())));
        (taken, newest) = (taken + 1, *receipt);
        if points.len() as i64 > 2 * MAX_POINTS || hours.len() > HOURS {
            break;
        }
    }
    tidy(&mut points);
    write(conn, org, &points, Timestamp(i64::MIN), Timestamp(i64::MIN)).await?;
    execute!(conn, c => sqlx::query(FOLDED).bind(org.0).bind(newest).execute(&mut *c).await)?;
    execute!(conn, c => sqlx::query(LEFT).bind(org.0).execute(&mut *c).await)?;
    Ok((taken, taken < fresh.len() as u64 || fresh.len() as i64 == BATCH))
}

impl Hub<'_> {
    /// Folds the pushes of one organisation, a transaction after the other; returns how many.
    ///
    /// # Errors
    /// When the database fails; what is not folded stays as it was pushed, and can be read.
    pub async fn fold_pushes(&self, org: OrgId) -> Result<u64, StoreError> {
        let mut folded = 0;
        loop {
            let work = self.store.inner.writer.run(Scope::Partner(org), move |conn| Box::pin(async move { Ok(Keep::Yes(fold(conn, org).await?)) }));
            let (taken, more) = work.await?;
            folded += taken;
            if !more {
                return Ok(folded);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Folds the pushes of all organisations that came in hours that have ended; returns how many pushes. One organisation that fails does not keep the others.
    ///
    /// # Errors
    /// The first failure, after all had their turn.
    pub async fn fold_ended_hours(&self, now: Timestamp) -> Result<u64, StoreError> {
        const DUE: &str = "SELECT org_id FROM push_states WHERE fresh_since < $1 OR fresh_pushes >= $2 OR fresh_points >= $3 ORDER BY org_id";
        let hour = Timestamp(now.hour() * HOUR);
        let due: Vec<i64> = read!(self, c => sqlx::query_scalar(DUE).bind(hour.0).bind(MAX_PUSHES).bind(MAX_POINTS).fetch_all(c).await)?;
        self.fold_each(due).await
    }

    /// Folds all pushes there are; returns how many.
    ///
    /// # Errors
    /// As [`Hub::fold_ended_hours`].
    pub async fn fold_all(&self) -> Result<u64, StoreError> {
        const UNFOLDED: &str = "SELECT org_id FROM push_states WHERE fresh_pushes > 0 ORDER BY org_id";
        let fresh: Vec<i64> = read!(self, c => sqlx::query_scalar(UNFOLDED).fetch_all(c).await)?;
        self.fold_each(fresh).await
    }

    async fn fold_each(&self, orgs: Vec<i64>) -> Result<u64, StoreError> {
        let mut results = vec![];
        for org in orgs {
            results.push(self.fold_pushes(OrgId(org)).await);
        }
        results.into_iter().sum()
    }

    /// Makes the last values of an organisation's hours and days again from its samples, from a day on of which all samples are kept. They are derived, so this changes nothing,
    /// unless they were damaged or thrown away.
    ///
    /// # Errors
    /// When the database fails; then everything is as it was.
    pub async fn remake_rollups(&self, org: OrgId, from_day: i64) -> Result<(), StoreError> {
        self.fold_pushes(org).await?;
        let work = self.store.inner.writer.run(Scope::Partner(org), move |conn| {
            Box::pin(async move {
                for (bucket, first) in Bucket::ALL.into_iter().zip([from_day * 24, from_day]) {
                    execute!(conn, c => sqlx::query(bucket.clear()).bind(org.0).bind(first).execute(&mut *c).await)?;
                }
                const BODIES: &str = "SELECT body FROM samples WHERE org_id = $1 AND newest_at >= $2 ORDER BY part, newest_at, receipt_no";
                let bodies: Vec<Vec<u8>> = on_conn!(conn, c => sqlx::query_scalar(BODIES).bind(org.0).bind(from_day * DAY).fetch_all(&mut *c).await)?;
                let mut points: Vec<Received> = vec![];
                for body in &bodies {
                    unpack_chunk(body, |_| true, &mut points)?;
                }
                for bucket in Bucket::ALL {
                    move_on(conn, org, bucket, points.iter()).await?;
                }
                Ok(Keep::Yes(()))
            })
        });
        work.await
    }
}
