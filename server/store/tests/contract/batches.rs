//! A push of many records does what its items would do one after the other, and is read and written at once.

use super::support::{Beside, Fixture, NOW, count, event, incident, indicator};
use domain::{DAY, HOUR, IncidentStatus, MINUTE, OrgId, Severity, Timestamp, Tlp};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::{EventItem, IncidentItem, IndicatorItem, Items, LeftOut, Mode, Outcome, Push, What};

const KINDS: [What; 3] = [What::Incidents, What::Events, What::Indicators];
/// How many records the items are of.
const NAMES: usize = 12;

fn pick<T: Copy>(rng: &mut StdRng, of: &[T]) -> T {
    of[rng.random_range(0..of.len())]
}

fn marking(rng: &mut StdRng, named: OrgId) -> (Tlp, Vec<OrgId>) {
    (pick(rng, &Tlp::ALL), if rng.random_bool(0.3) { vec![named] } else { vec![] })
}

/// Up to two steps before now.
fn earlier(rng: &mut StdRng, step: i64) -> Timestamp {
    NOW.plus(-step * rng.random_range(0..3))
}

/// Items about few records, so that several are about the same one, and some say what is known already.
fn items(rng: &mut StdRng, what: What, names: &[usize], named: OrgId) -> Items {
    match what {
        What::Incidents => Items::Incidents(
            names
                .iter()
                .map(|name| {
                    let (tlp, recipients) = marking(rng, named);
                    let severity = pick(rng, &[Severity::Critical, Severity::Low]);
                    let status = pick(rng, &[IncidentStatus::New, IncidentStatus::InProgress, IncidentStatus::Closed]);
                    let item = incident(&format!("i{name}"), severity, status, tlp, &recipients);
                    IncidentItem { updated_at: earlier(rng, MINUTE), ..item }
                })
                .collect(),
        ),
        What::Events => Items::Events(
            names
                .iter()
                .map(|name| {
                    let (tlp, recipients) = marking(rng, named);
                    let severity = pick(rng, &[Severity::Critical, Severity::Low]);
                    let raw = pick(rng, &[r#"{"note":"a"}"#, r#"{ "note" : "a" }"#, r#"{"note":"b"}"#]).to_owned();
                    EventItem { severity, raw, observed_at: earlier(rng, HOUR), ..event(&format!("e{name}"), tlp, Some("i1"), &recipients) }
                })
                .collect(),
        ),
        _ => Items::Indicators(
            names
                .iter()
                .map(|name| {
                    let (tlp, recipients) = marking(rng, named);
                    let valid_until = pick(rng, &[None, None, Some(NOW.plus(MINUTE)), Some(NOW.plus(DAY))]);
                    let severity = pick(rng, &[None, Some(Severity::High)]);
                    let item = indicator(&format!("host-{name}.example"), tlp, &recipients);
                    IndicatorItem { first_seen: earlier(rng, DAY), last_seen: earlier(rng, HOUR), valid_until, severity, ..item }
                })
                .collect(),
        ),
    }
}

/// Each item alone.
fn one_by_one(items: &Items) -> Vec<Items> {
    match items {
        Items::Incidents(list) => list.iter().map(|item| Items::Incidents(vec![item.clone()])).collect(),
        Items::Events(list) => list.iter().map(|item| Items::Events(vec![item.clone()])).collect(),
        Items::Indicators(list) => list.iter().map(|item| Items::Indicators(vec![item.clone()])).collect(),
        other => vec![other.clone()],
    }
}

/// What the database holds of an organisation's records, without the numbers and ids that differ from organisation to organisation.
async fn held(beside: &mut Beside, org: OrgId) -> Vec<String> {
    const PUSHED: &str = "(SELECT p.received_at FROM receipts p WHERE p.org_id = t.org_id AND p.no = t.receipt_no)";
    let records = [
        (
            "incidents t",
            "external_id revision title severity status tlp class opened_at closed_at updated_at raw received_at heard_at stated_status stated_updated_at words",
        ),
        ("events t", "external_id kind title severity tlp observed_at incident raw received_at heard_at withdrawn_at words"),
        (
            "indicators t",
            "kind value tlp severity confidence first_seen last_seen valid_until active raw hashed received_at heard_at left_out_at words address",
        ),
        (
            "incident_revisions t JOIN incidents i ON i.org_id = t.org_id AND i.id = t.incident_id",
            "i.external_id t.revision t.at t.received_at t.tlp t.summary",
        ),
        ("recipients t JOIN incidents i ON i.org_id = t.org_id AND i.id = t.record_id", "i.external_id recipient_id"),
        ("recipients t JOIN events i ON i.org_id = t.org_id AND i.id = t.record_id", "i.external_id recipient_id"),
        ("recipients t JOIN indicators i ON i.org_id = t.org_id AND i.id = t.record_id", "i.value recipient_id"),
        (
            "indicator_digests t JOIN indicators i ON i.org_id = t.org_id AND i.id = t.id",
            "i.kind i.value t.kind t.key_no t.tlp t.active t.received_at t.since t.compared_from",
        ),
        ("(SELECT * FROM indicator_totals WHERE n <> 0) t", "kind tlp n"),
        ("overlap_comparisons t", "day n"),
    ];
    let mut held = vec![];
    for (from, columns) in records {
        let mut columns: Vec<&str> = columns.split(' ').collect();
        if ["events t", "indicators t"].contains(&from) {
            columns.push(PUSHED);
        }
        let columns: Vec<_> = columns.into_iter().map(|column| format!("coalesce(CAST({column} AS TEXT), '-')")).collect();
        let mut lines = beside.texts(format!("SELECT {} FROM {from} WHERE t.org_id = {}", columns.join(" || '|' || "), org.0)).await;
        lines.sort();
        held.extend(lines.into_iter().map(|line| format!("{} {line}", from.split(' ').next().unwrap_or_default())));
    }
    held
}

fn assert_alike(one: &[String], other: &[String], what: &str) {
    let only = |a: &[String], b: &[String]| a.iter().filter(|line| !b.contains(line)).cloned().collect::<Vec<_>>();
    assert!(one == other, "{what}: at once only {:#?}\none by one only {:#?}", only(one, other), only(other, one));
}

on_both!(many_at_once_are_as_one_after_the_other);
async fn many_at_once_are_as_one_after_the_other(f: Fixture) {
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut beside = Beside::open(&f).await;
    for round in 0..4 {
        let at = NOW.plus(round * MINUTE);
        for what in KINDS {
            let names: Vec<usize> = (0..40).map(|_| rng.random_range(0..NAMES)).collect();
            let items = items(&mut rng, what, &names, f.orgs[2]);
            f.send_at(0, items.clone(), at).await;
            for item in one_by_one(&items) {
                f.send_at(1, item, at).await;
            }
        }
        let (at_once, one_by_one) = (held(&mut beside, f.orgs[0]).await, held(&mut beside, f.orgs[1]).await);
        assert!(at_once.len() > 3 * NAMES, "{at_once:?}");
        assert_alike(&at_once, &one_by_one, &format!("seed {seed}, round {round}"));
    }
    let differ = "SELECT count(*) FROM indicator_digests a JOIN indicators i ON i.org_id = a.org_id AND i.id = a.id JOIN indicators j \
                  ON j.kind = i.kind AND j.value = i.value JOIN indicator_digests b ON b.org_id = j.org_id AND b.id = j.id AND b.key_no = a.key_no WHERE a.digest <> b.digest";
    assert_eq!(beside.number(differ).await, 0);
    // A snapshot ends of both the same; what it ends was shown until then.
    beside.run("DELETE FROM shown_lately").await;
    let at = NOW.plus(10 * MINUTE);
    for what in KINDS {
        let items = items(&mut rng, what, &[1, 2, 3], f.orgs[2]);
        let mut left_out: Vec<Option<LeftOut>> = vec![];
        for org in 0..2 {
            let push = Push { mode: Mode::Snapshot, total: count(&items), received_at: at, ..f.push(org, what) };
            match f.store.partner(f.orgs[org]).push(push, items.clone()).await.unwrap() {
                Outcome::Applied { receipt, .. } => left_out.push(receipt.left_out),
                other => panic!("{other:?}"),
            }
        }
        assert!(left_out[0] == left_out[1] && left_out[0].is_some(), "seed {seed}: {left_out:?}");
    }
    assert_alike(&held(&mut beside, f.orgs[0]).await, &held(&mut beside, f.orgs[1]).await, &format!("seed {seed}, after the snapshot"));
    let lately = |org: OrgId| {
        let columns = ["critical", "class", "until", "tlp", "recipients", "received_at", "opened_at"].map(|column| format!("CAST({column} AS TEXT)"));
        format!("SELECT {} FROM shown_lately WHERE org_id = {} ORDER BY 1", columns.join(" || '|' || "), org.0)
    };
    assert_alike(&beside.texts(lately(f.orgs[0])).await, &beside.texts(lately(f.orgs[1])).await, &format!("seed {seed}, shown lately"));
}

/// More than are written in one piece on SQLite, and a number that is made of pieces of all lengths.
const MANY: usize = 1_131;

fn many(what: What, tlp: Tlp, named: &[OrgId]) -> Items {
    match what {
        What::Incidents => {
            let raw = format!(r#"{{"tlp":"{tlp}","recipients":{}}}"#, named.len());
            let one = |n| IncidentItem { raw: raw.clone(), ..incident(&format!("i{n}"), Severity::High, IncidentStatus::New, tlp, named) };
            Items::Incidents((0..MANY).map(one).collect())
        }
        What::Events => Items::Events((0..MANY).map(|n| event(&format!("e{n}"), tlp, None, named)).collect()),
        _ => Items::Indicators((0..MANY).map(|n| indicator(&format!("host-{n}.example"), tlp, named)).collect()),
    }
}

fn nothing(what: What) -> Items {
    match what {
        What::Incidents => Items::Incidents(vec![]),
        What::Events => Items::Events(vec![]),
        _ => Items::Indicators(vec![]),
    }
}

/// The same some minutes later: an incident is taken at its newest word only.
fn later(items: Items, minutes: i64) -> Items {
    match items {
        Items::Incidents(list) => Items::Incidents(list.into_iter().map(|item| IncidentItem { updated_at: NOW.plus(minutes * MINUTE), ..item }).collect()),
        other => other,
    }
}

on_both!(many_records_are_marked_hidden_and_shown_again);
async fn many_records_are_marked_hidden_and_shown_again(f: Fixture) {
    const ALL: &str = "SELECT (SELECT count(*) FROM incidents) + (SELECT count(*) FROM events) + (SELECT count(*) FROM indicators)";
    const NAMED: &str = "SELECT count(*) FROM recipients";
    const OF_BETA: &str = "SELECT count(*) FROM withdrawn_records w JOIN organisations o ON o.id = w.viewer_id WHERE o.slug = 'beta' AND w.returned_at IS NULL";
    const OF_GAMMA: &str =
        "SELECT count(*) FROM withdrawn_records w JOIN organisations o ON o.id = w.viewer_id WHERE o.slug = 'gamma' AND w.returned_at IS NULL";
    let mut beside = Beside::open(&f).await;
    for (times, what) in (1..).zip(KINDS) {
        // Well apart, so that each state was shown for long enough to count.
        let at = |hours: i64| NOW.plus(hours * HOUR);
        let send = async |hours: i64, tlp, named: &[OrgId]| drop(f.send_at(0, later(many(what, tlp, named), hours * 60), at(hours)).await);
        send(0, Tlp::Green, &[]).await;
        send(1, Tlp::Green, &[]).await;
        assert_eq!(beside.number(ALL).await, times * MANY as i64, "{what:?}");
        assert_eq!((beside.number(OF_BETA).await, beside.number(OF_GAMMA).await), (0, times - 1), "{what:?}");
        // One viewer is named on each, the other loses them all: fifty are remembered, and that there are more.
        send(2, Tlp::AmberStrict, &[f.orgs[1]]).await;
        assert_eq!(beside.number(NAMED).await, MANY as i64, "{what:?}");
        assert_eq!((beside.number(OF_BETA).await, beside.number(OF_GAMMA).await), (0, times - 1 + 51), "{what:?}");
        // Naming others on all of them, and nobody on any.
        send(3, Tlp::AmberStrict, &[f.orgs[1], f.orgs[2]]).await;
        assert_eq!(beside.number(NAMED).await, 2 * MANY as i64, "{what:?}");
        send(4, Tlp::Green, &[]).await;
        assert_eq!((beside.number(NAMED).await, beside.number(OF_BETA).await), (0, 0), "{what:?}");
        assert_eq!(beside.number(OF_GAMMA).await, times, "{what:?}: that there were more is not forgotten");
        // Nothing stands in an empty snapshot.
        let push = Push { mode: Mode::Snapshot, received_at: at(5), ..f.push(0, what) };
        match f.store.partner(f.orgs[0]).push(push, nothing(what)).await.unwrap() {
            Outcome::Applied { receipt, .. } => assert_eq!(receipt.left_out.map(|left_out| left_out.count as usize), Some(MANY), "{what:?}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(beside.number("SELECT count(*) FROM indicator_totals WHERE n <> 0").await, 0);
    assert_eq!(beside.number("SELECT count(*) FROM indicator_digests").await, MANY as i64);
    // Each was reported, marked otherwise three times, and closed.
    assert_eq!(beside.number("SELECT count(*) FROM incident_revisions").await, 5 * MANY as i64);
}
