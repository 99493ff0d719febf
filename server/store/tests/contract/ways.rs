//! A push of metrics goes a quick way where it can, and a careful one where it must; nobody can tell from what is there afterwards.

use super::support::{Fixture, NOW, count, key, sample};
use domain::{DAY, HOUR, MINUTE, OrgId, query::Window};
use store::{Items, Outcome, Push, Sample, Settings, Store, What};

/// Pushes of one organisation: new series, more of them (several in an hour, in two days, one older than what is current), a repeat, and one of
/// all kinds: the same again, a correction, something new.
fn pushes() -> [Vec<Sample>; 4] {
    let (at, day) = (NOW.plus(-10 * MINUTE), NOW.plus(-DAY));
    let more = vec![
        sample("m", 61.0, at.plus(MINUTE)),
        sample("m", 62.0, at.plus(2 * MINUTE)),
        sample("n", 7.0, day),
        sample("n", 8.0, at.plus(-2 * HOUR)),
        sample("m", 5.0, day),
    ];
    let mixed = vec![sample("m", 61.0, at.plus(MINUTE)), sample("m", 90.0, at.plus(2 * MINUTE)), sample("n", 9.0, NOW)];
    [vec![sample("m", 60.0, at), sample("n", 6.0, at.plus(-HOUR))], more.clone(), more, mixed]
}

async fn send(f: &Fixture, store: &Store, org: usize, no: usize, samples: Vec<Sample>) {
    let items = Items::Metrics(samples);
    let idempotency = Some(key(&format!("k{no}"), no as u8));
    let push = Push { total: count(&items), payload: vec![no as u8; 3], idempotency, ..f.push(org, What::Metrics) };
    let id = push.id;
    let partner = store.partner(f.orgs[org]);
    let outcome = partner.push(push.clone(), items.clone()).await.unwrap();
    let Outcome::Applied { receipt, .. } = outcome else { panic!("{outcome:?}") };
    let again = partner.push(push, items).await.unwrap();
    let Outcome::Replayed(before) = again else { panic!("{again:?}") };
    assert_eq!(before, receipt);
    let detail = f.store.viewer(f.viewer(org)).receipt(id).await.unwrap().unwrap();
    assert_eq!(detail.payload, Some(vec![no as u8; 3]));
}

/// All that can be read of an organisation's metrics, without the numbers that differ between organisations.
async fn all(f: &Fixture, org: usize) -> Vec<String> {
    let (reads, id): (_, OrgId) = (f.store.viewer(f.viewer(org)), f.orgs[org]);
    let mut all = vec![];
    for metric in ["m", "n"] {
        let page = reads.samples(id, metric, "").await.unwrap();
        all.extend(page.rows.iter().map(|r| format!("{metric}: {} at {:?} by {}", r.value, r.observed_at, r.key)));
        for days in [1, 400] {
            let points = reads.metric_series(id, metric, Window { from: NOW.plus(-days * DAY), to: NOW.plus(HOUR) }).await.unwrap();
            all.push(format!("{metric} in {days} days: {points:?}"));
        }
    }
    let (alive, current) = f.store.hub().current(&[id]).await.unwrap();
    all.push(format!("{:?}", alive.first().map(|(_, at)| at)));
    let mut current: Vec<String> =
        current.iter().map(|r| format!("{} is {} since {:?}, {}", r.metric, r.value, r.observed_at, r.left_out_at.is_some())).collect();
    current.sort();
    all.extend(current);
    let changes = f.store.hub().changes_after(0, 100).await.unwrap();
    all.extend(changes.iter().filter(|c| c.org == id).map(|c| format!("{:?} {} {:?} {:?}", c.what, c.everyone, c.recipients, c.since)));
    all
}

on_both!(a_push_leaves_the_same_whichever_way_it_goes);
async fn a_push_leaves_the_same_whichever_way_it_goes(f: Fixture) {
    for (no, samples) in pushes().into_iter().enumerate() {
        // A store that knows the series goes the quick way where nothing was there; one that has just been opened knows none and goes the careful one.
        send(&f, &f.store, 0, no, samples.clone()).await;
        let new = Store::open(&Settings { url: f.database.url.clone(), readers: 1 }).await.unwrap();
        send(&f, &new, 1, no, samples).await;
        new.close().await;
    }
    let (quick, careful) = (all(&f, 0).await, all(&f, 1).await);
    // Samples, series, liveness, current values, changes.
    assert_eq!(quick.len(), 8 + 4 + 1 + 2 + 4, "{quick:#?}");
    assert_eq!(quick, careful);
}
