//! What the database holds in the end, and whether that is what was acknowledged.

use crate::load::{Kind, Load, name, number_of};
use domain::Timestamp;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    str::FromStr,
};
use store::samples::Received;
use uuid::Uuid;

/// A receipt, with what must lie beside it.
#[derive(sqlx::FromRow)]
struct Receipt {
    no: i64,
    id: Uuid,
    org_id: i64,
    kept: i64,
    idempotency_key: String,
    payloads: i64,
    keys: i64,
}

/// What a test needs to know of a database.
pub struct Truth {
    receipts: Vec<Receipt>,
    /// Organisation, receipt and body of pushes that are not folded.
    pushed: Vec<(i64, i64, Vec<u8>)>,
    /// Organisation and body of those that are.
    folded: Vec<(i64, Vec<u8>)>,
    /// Organisation, hour and last values; and the same of days.
    hours: Vec<(i64, i64, Vec<u8>)>,
    days: Vec<(i64, i64, Vec<u8>)>,
    /// By name, the receipts of each revision of an incident.
    incidents: Vec<(String, i64)>,
    indicators: Vec<(String, i64)>,
    outbox: i64,
    /// Per organisation: active indicators, and as many as are counted.
    totals: Vec<(i64, i64, i64)>,
}

impl Truth {
    /// The operations that were acknowledged with a receipt that is not here.
    pub fn lost(&self, acknowledged: &HashMap<usize, Uuid>) -> Vec<usize> {
        let here: HashSet<Uuid> = self.receipts.iter().map(|r| r.id).collect();
        acknowledged.iter().filter(|(_, id)| !here.contains(*id)).map(|(number, _)| *number).collect()
    }
}

const RECEIPTS: &str = "SELECT no, id, org_id, kept, idempotency_key, (SELECT count(*) FROM payloads p WHERE p.org_id = r.org_id AND p.receipt_no = no) payloads, \
                        CASE WHEN fingerprint IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END keys FROM receipts r";
const PUSHED: &str = "SELECT org_id, receipt_no, body FROM pushed_samples";
const FOLDED: &str = "SELECT org_id, body FROM samples";
const HOURS: &str = "SELECT org_id, bucket, body FROM rollup_hours";
const DAYS: &str = "SELECT org_id, bucket, body FROM rollup_days";
const INCIDENTS: &str = "SELECT i.external_id, r.receipt_no FROM incidents i JOIN incident_revisions r ON r.org_id = i.org_id AND r.incident_id = i.id";
const INDICATORS: &str = "SELECT value, receipt_no FROM indicators";
const OUTBOX: &str = "SELECT count(*) FROM outbox";
const TOTALS: &str = "SELECT id, (SELECT count(*) FROM indicators WHERE org_id = o.id AND active), \
                      (SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM indicator_totals WHERE org_id = o.id) FROM organisations o";
/// Sees that every index of PostgreSQL is in order and has all rows of its table.
const CHECK: &str = "SELECT count(bt_index_check(c.oid, true)) FROM pg_class c JOIN pg_am a ON a.oid = c.relam \
                     WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace";

/// Reads everything in one transaction, expanded once per database.
macro_rules! read_with {
    ($conn:expr) => {{
        let conn = &mut *$conn;
        Truth {
            receipts: sqlx::query_as(RECEIPTS).fetch_all(&mut *conn).await.expect("receipts"),
            pushed: sqlx::query_as(PUSHED).fetch_all(&mut *conn).await.expect("pushed samples"),
            folded: sqlx::query_as(FOLDED).fetch_all(&mut *conn).await.expect("samples"),
            hours: sqlx::query_as(HOURS).fetch_all(&mut *conn).await.expect("hours"),
            days: sqlx::query_as(DAYS).fetch_all(&mut *conn).await.expect("days"),
            incidents: sqlx::query_as(INCIDENTS).fetch_all(&mut *conn).await.expect("incidents"),
            indicators: sqlx::query_as(INDICATORS).fetch_all(&mut *conn).await.expect("indicators"),
            outbox: sqlx::query_scalar(OUTBOX).fetch_one(&mut *conn).await.expect("the outbox"),
            totals: sqlx::query_as(TOTALS).fetch_all(&mut *conn).await.expect("totals"),
        }
    }};
}

/// Reads a database from outside the program, which may run or not; it must be whole.
pub async fn read(url: &str) -> Truth {
    if url.starts_with("postgres") {
        let mut conn = PgConnection::connect(url).await.expect("a second connection");
        sqlx::query("CREATE EXTENSION IF NOT EXISTS amcheck").execute(&mut conn).await.expect("PostgreSQL's own check");
        let indexes: i64 = sqlx::query_scalar(CHECK).fetch_one(&mut conn).await.expect("the database is whole");
        assert!(indexes > 20, "{indexes} indexes were looked at");
        let mut moment = conn.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.expect("one moment for all");
        return read_with!(moment);
    }
    let mut conn: SqliteConnection = SqliteConnectOptions::from_str(url).expect("an address").connect().await.expect("a second connection");
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut conn).await.expect("a check");
    assert_eq!(verdict, "ok", "the database is whole");
    let mut moment = conn.begin().await.expect("one moment for all");
    read_with!(moment)
}

/// What a test has shown, in numbers.
pub struct Summary {
    pub acknowledged: usize,
    pub repeated: usize,
    unacknowledged_and_stored: usize,
    items: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, repeated, unacknowledged_and_stored: whole, items } = self;
        write!(
            f,
            "{acknowledged} pushes acknowledged and stored once ({repeated} repetitions answered from memory), {whole} unacknowledged but whole, {items} items"
        )
    }
}

/// Every acknowledged push is there once, every other one whole or not at all; and nothing else is there.
pub fn check(truth: &Truth, load: &Load) -> Summary {
    check_against(truth, load, &load.acknowledged())
}

/// The same where only these had been acknowledged.
pub fn check_against(truth: &Truth, load: &Load, acknowledged: &HashMap<usize, Uuid>) -> Summary {
    let mut stored: HashMap<&str, &Receipt> = HashMap::new();
    for receipt in &truth.receipts {
        assert_eq!((receipt.payloads, receipt.keys), (1, 1), "payload and key of {}", receipt.idempotency_key);
        assert!(stored.insert(&receipt.idempotency_key, receipt).is_none(), "{} is stored twice", receipt.idempotency_key);
    }
    let mut items = items(truth, load);
    for number in 0..load.begun() {
        let name = name(number);
        let (receipt, kept) = (stored.remove(name.as_str()), items.remove(&number).unwrap_or_default());
        if let Some(id) = acknowledged.get(&number) {
            assert_eq!(receipt.map(|r| r.id), Some(*id), "{name} was acknowledged with another receipt");
        }
        match receipt {
            None => assert!(kept.is_empty(), "{name} has no receipt, but {} items", kept.len()),
            Some(receipt) => {
                let operation = load.operation(number);
                assert_eq!(receipt.org_id, load.partner(number).org.0, "{name} belongs to another organisation");
                assert_eq!(receipt.kept, operation.items as i64, "{name} is not whole");
                assert_eq!(kept, vec![(operation.kind, receipt.no); operation.items], "the items of {name}");
            }
        }
    }
    assert!(stored.is_empty() && items.is_empty(), "nobody pushed {:?} {:?}", stored.keys(), items.keys());
    assert_eq!(truth.outbox, truth.receipts.len() as i64, "each push is told once");
    let folded = folded(truth);
    assert_eq!(lasts(&truth.hours), newest(&folded, Timestamp::hour), "hours say what was folded");
    assert_eq!(lasts(&truth.days), newest(&folded, Timestamp::day), "days say what was folded");
    for (org, active, counted) in &truth.totals {
        assert_eq!(active, counted, "organisation {org}: totals count what there is");
    }
    Summary {
        acknowledged: acknowledged.len(),
        repeated: load.repeated(),
        unacknowledged_and_stored: truth.receipts.len() - acknowledged.len(),
        items: samples(truth).len() + truth.incidents.len() + truth.indicators.len(),
    }
}

/// All samples there are, by the moment that names their operation, with their receipts.
fn samples(truth: &Truth) -> Vec<Received> {
    let pushed = truth.pushed.iter().flat_map(|(_, receipt, body)| store::samples::read_pushed(body, *receipt).expect("a body"));
    pushed.chain(folded(truth).into_iter().map(|(_, one)| one)).collect()
}

fn folded(truth: &Truth) -> Vec<(i64, Received)> {
    truth.folded.iter().flat_map(|(org, body)| store::samples::read_folded(body).expect("a body").into_iter().map(|one| (*org, one))).collect()
}

/// Moment and value of each organisation's series in each bucket.
type Lasts = BTreeMap<(i64, i64, u32), (Timestamp, u64)>;

fn newest(folded: &[(i64, Received)], bucket: fn(Timestamp) -> i64) -> Lasts {
    let mut newest = Lasts::new();
    for (org, one) in folded {
        let last = newest.entry((*org, bucket(one.point.at), one.point.series)).or_default();
        *last = (*last).max((one.point.at, one.point.value.to_bits()));
    }
    newest
}

fn lasts(rows: &[(i64, i64, Vec<u8>)]) -> Lasts {
    let of = |(org, bucket, body): &(i64, i64, Vec<u8>)| {
        let key = (*org, *bucket);
        store::samples::read_lasts(body).expect("a body").into_iter().map(move |point| ((key.0, key.1, point.series), (point.at, point.value.to_bits())))
    };
    rows.iter().flat_map(of).collect()
}

/// The items of each operation: of what kind, and by which receipt.
fn items(truth: &Truth, load: &Load) -> HashMap<usize, Vec<(Kind, i64)>> {
    let mut items: HashMap<usize, Vec<(Kind, i64)>> = HashMap::new();
    for one in samples(truth) {
        let number = one.point.at.since(load.since) as usize;
        items.entry(number).or_default().push((Kind::Metrics, one.receipt));
    }
    for (kind, list) in [(Kind::Incidents, &truth.incidents), (Kind::Indicators, &truth.indicators)] {
        for (name, no) in list {
            items.entry(number_of(name)).or_default().push((kind, *no));
        }
    }
    items
}
