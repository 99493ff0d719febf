//! Power cuts on SQLite. A killed process leaves its writes to the system, which brings them to the disk all the same; without power, what was
//! not synced may be there, not there, or there in part. So the hub runs under strace, and from what it wrote and synced the disk is made
//! again as it could be after a power cut at many moments. The names of files are taken to be kept, as journalling file systems do.

mod disk;
mod trace;

use crate::{
    hub::{Hub, PROGRAM},
    load::Load,
    seed, truth,
};
use disk::{Disk, Luck};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{HashMap, HashSet},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::process::Command;
use trace::Event;
use uuid::Uuid;

const OPERATIONS: usize = 200;
/// Moments of the power cut while the hub works, and while it stops, which brings everything from the log into the file.
const MOMENTS: (usize, usize) = (40, 12);

/// Why the hub cannot be watched; `None` where it can.
async fn unwatchable() -> Option<String> {
    let tried = Command::new("strace").args(["-f", "-D", "-o", "/dev/null", "true"]).stdin(Stdio::null()).output().await;
    match tried {
        Ok(done) if done.status.success() => None,
        Ok(done) => Some(String::from_utf8_lossy(&done.stderr).into_owned()),
        Err(error) => Some(format!("strace (Debian's package of that name): {error}")),
    }
}

/// A hub's work from beginning to end: what its disk held before, what it did, and what its clients know.
async fn watched() -> (Disk, Vec<Event>, Arc<Load>) {
    let mut hub = Hub::prepare(16).await;
    let before = Disk::of(hub.folder.path(), "hub.db");
    let log = hub.folder.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-y", "-xx", "-s", "100000", "-e"]).arg(trace::CALLS).arg("-o").arg(&log).arg(PROGRAM);
    hub.spawn_by(strace);
    hub.serves().await;
    let load = Arc::new(Load::new(&hub, seed(), Some(OPERATIONS)));
    for client in load.spawn(8) {
        client.await.expect("no client fails");
    }
    let id = hub.id();
    hub.terminate().await;
    let end = Instant::now() + Duration::from_secs(30);
    while !trace::is_complete(&log, id).expect("a trace") {
        assert!(Instant::now() < end, "the trace has no end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let events = tokio::task::spawn_blocking(move || trace::read(&log)).await.expect("the trace is read");
    (before, events, load)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_power_cut_everything_acknowledged_is_there() {
    if let Some(why) = unwatchable().await {
        return eprintln!("not tested: power cuts, because the hub cannot be watched: {why}");
    }
    let (mut disk, events, load) = watched().await;
    let answers = events.iter().filter(|e| matches!(e, Event::Acknowledged(_))).count();
    assert!(answers > OPERATIONS / 2, "the trace has {answers} answers");
    let mut rng = StdRng::seed_from_u64(seed());
    let last = events.iter().rposition(|e| matches!(e, Event::Acknowledged(_))).unwrap_or_default();
    let mut moments: HashSet<usize> = (0..MOMENTS.0).map(|_| rng.random_range(0..last)).collect();
    moments.extend((0..MOMENTS.1).map(|_| rng.random_range(last..events.len())));
    moments.insert(last);
    let (known, mut lying, mut told, mut images) = (load.acknowledged(), disk.clone(), HashSet::new(), 0);
    for (moment, event) in events.iter().enumerate() {
        match event {
            Event::Acknowledged(id) => drop(told.insert(*id)),
            Event::Synced { .. } => disk.apply(moment, event),
            _ => {
                disk.apply(moment, event);
                lying.apply(moment, event);
            }
        }
        if moments.contains(&moment) {
            let acknowledged: HashMap<usize, Uuid> = known.iter().filter(|(_, id)| told.contains(*id)).map(|(n, id)| (*n, *id)).collect();
            for luck in [Luck::Nothing, Luck::Everything, Luck::Some, Luck::Some] {
                let folder = tempfile::tempdir().expect("a folder");
                disk.after_a_power_cut(luck, &mut rng).write(folder.path());
                truth::check_against(&truth::read(&format!("sqlite://{}/hub.db", folder.path().display())).await, &load, &acknowledged);
                images += 1;
            }
        }
    }
    // The test would see it: a disk that says it has synced, and has not.
    let folder = tempfile::tempdir().expect("a folder");
    lying.after_a_power_cut(Luck::Nothing, &mut rng).write(folder.path());
    let lost = truth::read(&format!("sqlite://{}/hub.db", folder.path().display())).await.lost(&known).len();
    assert_eq!(lost, known.len(), "nothing was synced, and something is there");
    let [writes, syncs] =
        [|e: &Event| matches!(e, Event::Written { .. }), |e: &Event| matches!(e, Event::Synced { .. })].map(|f| events.iter().filter(|e| f(e)).count());
    eprintln!("{images} power cuts: {} pushes acknowledged and stored ({writes} writes, {syncs} syncs)", known.len());
}
