//! A database that cannot be written: held by somebody else, or on a full disk. Nothing is acknowledged, reading goes on, and it heals.

use crate::support::*;
use domain::{HOUR, MINUTE, Role};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{path::Path, process::Command, str::FromStr, time::Duration};
use store::StoreError;
use tokio::task::JoinHandle;

/// How long a push may wait for a database that is held.
const BOUND: Duration = Duration::from_secs(25);

/// Takes the only right to write.
async fn hold(app: &TestApp) -> SqliteConnection {
    let mut conn = SqliteConnectOptions::from_str(&app.database).expect("an address").connect().await.expect("a second connection");
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut conn).await.expect("the lock");
    conn
}

async fn let_go(mut conn: SqliteConnection) {
    sqlx::query("ROLLBACK").execute(&mut conn).await.expect("the lock is given back");
}

fn assert_come_again(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{}", answer.text());
    assert_eq!(answer.problem()["type"], "urn:shieldwall:problem:unavailable");
}

#[tokio::test]
async fn while_another_program_holds_the_database_pushes_are_refused_and_reading_goes_on() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    let (metrics, incidents) = (items([sample(90.0, &app.at(-MINUTE))]), items([incident("a", "low", "GREEN")]));
    // So that the next push of metrics is a usual one.
    partner.push("metrics", &items([sample(80.0, &app.at(-2 * MINUTE))])).await;
    assert_eq!(app.get("/readyz").await.status, 200);
    let before = app.rows().await;
    let held = hold(&app).await;
    let refused = async { tokio::join!(partner.post("metrics", &metrics), partner.post("incidents", &incidents)) };
    let reading = async {
        for path in ["/", "/orgs/alpha", "/incidents"] {
            let page = tokio::time::timeout(Duration::from_secs(5), person.get(path)).await.expect("reading does not wait for writing");
            assert_eq!(page.status, 200, "{path}");
        }
        assert_eq!(partner.get("whoami").await.status, 200);
        eventually("the hub is not ready", async || (app.get("/readyz").await.status == 503).then_some(())).await;
        assert_eq!(app.get("/healthz").await.status, 200);
    };
    let ((one, other), ()) = tokio::time::timeout(BOUND, async { tokio::join!(refused, reading) }).await.expect("nobody waits for ever");
    assert_come_again(&one);
    assert_come_again(&other);
    let mut gained = app.gained(&before).await;
    gained.remove("meta");
    assert_eq!(gained, Default::default(), "nothing of what was refused is kept");
    let_go(held).await;
    partner.push("metrics", &metrics).await;
    partner.push("incidents", &incidents).await;
    eventually("the hub is ready again", async || (app.get("/readyz").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn when_too_many_writes_wait_the_next_is_refused_at_once() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let held = hold(&app).await;
    let store = app.app.store.clone();
    let mut waiting = Vec::new();
    // The writer takes some of the waiting along as it begins, which makes room once more.
    for _ in 0..2 {
        let more = (0..1_200).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.hub().set_meta("written_at", n.to_string()).await })
        });
        let before = waiting.len();
        waiting.extend(more);
        eventually("some are refused", async || waiting[before..].iter().any(JoinHandle::is_finished).then_some(())).await;
    }
    let answer = tokio::time::timeout(Duration::from_secs(2), partner.post("incidents", &items([incident("a", "low", "GREEN")]))).await;
    assert_come_again(&answer.expect("at once"));
    let_go(held).await;
    let mut kept = 0;
    for write in waiting {
        match write.await.expect("an answer") {
            Ok(()) => kept += 1,
            Err(StoreError::Busy) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert!((1_024..1_500).contains(&kept), "{kept} were accepted and kept");
    partner.push("incidents", &items([incident("a", "low", "GREEN")])).await;
}

#[tokio::test]
async fn a_key_that_is_revoked_while_its_push_waits_gets_nothing_in() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    partner.push("metrics", &items([sample(80.0, &app.at(-2 * MINUTE))])).await;
    let before = app.rows().await;
    let mut held = hold(&app).await;
    let (metrics, incidents) = (items([sample(90.0, &app.at(-MINUTE))]), items([incident("a", "low", "GREEN")]));
    let pushes = async { tokio::join!(partner.post("metrics", &metrics), partner.post("incidents", &incidents)) };
    let revoked = async {
        // Long enough that both wait; were one late, it would still come with a key that was good a moment ago.
        tokio::time::sleep(Duration::from_millis(300)).await;
        sqlx::query("UPDATE api_keys SET revoked_at = 1").execute(&mut held).await.expect("revoked");
        sqlx::query("COMMIT").execute(&mut held).await.expect("the lock is given back");
    };
    let ((one, other), ()) = tokio::join!(pushes, revoked);
    for answer in [one, other] {
        assert_eq!((answer.status, answer.problem()["detail"].as_str()), (401, Some("This key was revoked.")));
        assert!(answer.header("www-authenticate").starts_with("Bearer "));
    }
    assert_eq!(app.gained(&before).await, Default::default());
}

/// A disk of a few megabytes.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Needs the right to mount.
    fn mount(at: &'a Path) -> Result<Self, String> {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(at).output().map_err(|e| e.to_string())?;
        if done.status.success() { Ok(Self(at)) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.join("filler")
    }

    fn fill(&self) {
        use std::io::Write;
        let mut file = std::fs::File::create(self.filler()).expect("a file");
        while file.write_all(&[0; 1_024]).is_ok() {}
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily: the hub of the test still has files open.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_heals_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    let disk = match SmallDisk::mount(&path) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("not tested: a full disk needs the right to mount a small one: {why}"),
    };
    let app = TestApp::start_with(Setup { folder, ..Setup::default() }).await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    partner.push("metrics", &items([sample(80.0, &app.at(-2 * MINUTE))])).await;
    // To fold them takes more room than a push leaves that did not fit.
    partner.push("metrics", &items((1..700).map(|hours| sample(80.0, &app.at(-hours * HOUR))))).await;
    disk.fill();
    let mut acknowledged = 2;
    for (route, body) in [("metrics", items([sample(90.0, &app.at(-MINUTE))])), ("incidents", items([incident("a", "low", "GREEN")]))] {
        // What the file has room for already is still kept.
        let full = eventually("the disk is full", async || {
            let answer = partner.post(route, &body).await;
            acknowledged += i64::from(answer.status == 200);
            (answer.status != 200).then_some(answer)
        })
        .await;
        assert_eq!((full.status, full.header("retry-after")), (507, "60"), "{route}: {}", full.text());
        assert_eq!(full.problem()["type"], "urn:shieldwall:problem:full");
    }
    let full = app.rows().await;
    let folding = app.app.store.hub().fold_all().await;
    assert!(matches!(folding, Err(StoreError::Full)), "{folding:?}");
    assert_eq!(app.gained(&full).await, Default::default(), "what was to be folded is as it was");
    let receipts = full["receipts"];
    assert_eq!(receipts, acknowledged, "nothing unacknowledged is kept, everything acknowledged is");
    for path in ["/", "/orgs/alpha", "/incidents"] {
        assert_eq!(person.get(path).await.status, 200, "{path}");
    }
    eventually("the hub is not ready", async || (app.get("/readyz").await.status == 503).then_some(())).await;
    std::fs::remove_file(disk.filler()).expect("room again");
    partner.push("metrics", &items([sample(91.0, &app.at(-MINUTE / 2))])).await;
    partner.push("incidents", &items([incident("b", "low", "GREEN")])).await;
    let rows = app.rows().await;
    assert_eq!(rows["receipts"], receipts + 2);
    assert_eq!(app.app.store.hub().fold_all().await.expect("room to fold") as i64, rows["pushed_samples"]);
    assert_eq!(app.rows().await["pushed_samples"], 0);
    eventually("the hub is ready again", async || (app.get("/readyz").await.status == 200).then_some(())).await;
}
