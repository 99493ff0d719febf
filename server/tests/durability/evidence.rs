//! The audit trail's keys and checks, as an operator has them: by the command line, while hubs run.

use crate::hub::{Hub, PROGRAM, client};
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, PgConnection, sqlite::SqliteConnectOptions};
use std::{
    path::PathBuf,
    process::{Command, Output},
};
use testing::{Database, Kind};

struct World {
    hub: Hub,
    outside: PathBuf,
}

impl World {
    fn command(&self, arguments: &[&str]) -> Output {
        let keys = self.hub.keys();
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env("DATABASE_URL", &self.hub.database);
        command.env("SHIELDWALL_SIGNING_KEY_FILE", keys.join("signing-key")).env("SHIELDWALL_SEALING_KEY_FILE", keys.join("sealing-key"));
        command.current_dir(self.hub.folder.path()).output().expect("it runs")
    }

    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Checks the trail; the exit code, and what it says.
    fn verify(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(&[&["audit", "verify"], arguments].concat());
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    async fn ask(&self, path: &str) -> Value {
        let partner = &self.hub.partners[0];
        client().get(self.hub.url(path)).bearer_auth(&partner.key).send().await.expect("an answer").json().await.expect("JSON")
    }
}

async fn keys_are_rotated_and_the_trail_is_checked_from_outside(database: String) {
    let mut hub = Hub::prepare_at(database, 1).await;
    hub.start().await;
    let outside = hub.folder.path().join("outside");
    std::fs::create_dir(&outside).expect("a folder");
    let mut world = World { hub, outside };
    let first = world.prints(&["audit", "public-key"]);
    let kept = |world: &World, name: &str, value: &Value| {
        let file = world.outside.join(name);
        std::fs::write(&file, value.to_string()).expect("a file");
        file.display().to_string()
    };
    let named = world.ask("/api/v1/whoami").await["audit_key"].clone();
    assert_eq!(named["public_key"], first.as_str(), "the same by another way");
    let old = kept(&world, "old.json", &world.ask("/api/v1/audit/checkpoint").await);
    let fingerprint = named["fingerprint"].as_str().expect("a fingerprint").to_owned();

    let (code, said) = world.verify(&[]);
    assert!(code == Some(0) && said.contains("Not known: whether the hub signed it") && said.contains("Not known: whether its end was cut off"), "{said}");
    for key in [&first, &fingerprint] {
        let (code, said) = world.verify(&["--public-key", key, "--checkpoint", &old]);
        assert!(code == Some(0) && !said.contains("whether the hub signed it") && said.contains("All 1 kept checkpoints are in it"), "{said}");
    }
    assert_eq!(world.verify(&["--public-key", "nonsense"]).0, Some(2), "not checked is not tampered with");
    let stranger = format!("{}=", "A".repeat(43));
    let (code, said) = world.verify(&["--public-key", &stranger]);
    assert!(code == Some(1) && said.contains("has signed nothing here"), "{said}");

    // The hub runs, and goes on with the new keys by itself; a checkpoint of the new one is there at once.
    world.prints(&["admin", "hub-key", "prepare", "signing"]);
    let second = world.prints(&["admin", "hub-key", "rotate", "signing"]);
    world.prints(&["admin", "hub-key", "rotate", "sealing"]);
    assert_ne!(first, second);
    assert_eq!(world.prints(&["audit", "public-key"]), second);
    let new = kept(&world, "new.json", &world.ask("/api/v1/audit/checkpoint").await);
    for key in [&first, &second] {
        let (code, said) = world.verify(&["--public-key", key, "--checkpoint", &old, "--checkpoint", &new]);
        assert!(code == Some(0) && said.contains("the key before vouches for it"), "{said}");
    }
    world.hub.terminate().await;
    world.hub.start().await;
    assert_eq!(world.ask("/api/v1/whoami").await["audit_key"]["public_key"], second.as_str());

    // Lost: another takes over, and only who was told of it believes it.
    let lost = world.hub.keys().join("signing-key");
    assert!(!world.command(&["admin", "hub-key", "replace-signing"]).status.success(), "it is there and can vouch for the next one");
    std::fs::remove_file(&lost).expect("removed");
    let third = world.prints(&["admin", "hub-key", "replace-signing"]);
    assert_eq!((world.verify(&["--public-key", &second]).0, world.verify(&[]).0), (Some(1), Some(1)));
    let (code, said) = world.verify(&["--public-key", &third, "--checkpoint", &old]);
    assert!(code == Some(0) && said.contains("the key before does not vouch for it"), "{said}");
    world.hub.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    keys_are_rotated_and_the_trail_is_checked_from_outside(format!("sqlite://{}/hub.db", folder.path().display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_on_postgresql() {
    let database = tokio::task::spawn_blocking(|| Database::empty(Kind::Postgres)).await.expect("a database");
    keys_are_rotated_and_the_trail_is_checked_from_outside(database.url.clone()).await;
}

/// What somebody does who can write to the database, and only there: all that was signed is gone.
async fn unsign(database: &str) {
    const UNGUARDED: [&str; 2] = ["DROP TRIGGER audit_checkpoints_delete", "ALTER TABLE audit_checkpoints DISABLE ROW LEVEL SECURITY"];
    const DELETE: &str = "DELETE FROM audit_checkpoints";
    match database.strip_prefix("sqlite://") {
        Some(file) => {
            let mut conn = SqliteConnectOptions::new().filename(file).connect().await.expect("a connection");
            for sql in [UNGUARDED[0], DELETE] {
                sqlx::query(sql).execute(&mut conn).await.expect("done");
            }
            conn.close().await.expect("closed");
        }
        None => {
            let mut conn = PgConnection::connect(database).await.expect("a connection");
            for sql in [UNGUARDED[1], DELETE] {
                sqlx::query(sql).execute(&mut conn).await.expect("done");
            }
            conn.close().await.expect("closed");
        }
    }
}

async fn a_hub_that_starts_signs_nothing_that_was_made_anew_meanwhile(database: String) {
    let mut hub = Hub::prepare_at(database, 1).await;
    hub.start().await;
    let outside = hub.folder.path().to_owned();
    let mut world = World { hub, outside };
    let started = async |world: &mut World| {
        world.hub.start().await;
        world.hub.terminate().await;
        world.verify(&[]).1
    };
    world.hub.terminate().await;
    assert!(world.hub.keys().join("signing-key.last").exists(), "what it signed is remembered");
    assert!(!started(&mut world).await.contains(" 0 checkpoints") && !world.hub.log().contains("signs no more of it"), "it goes on");
    unsign(&world.hub.database).await;
    let said = started(&mut world).await;
    assert!(said.contains(" 0 checkpoints") && world.hub.log().contains("signs no more of it"), "{said} {}", world.hub.log());
    assert_eq!(world.prints(&["admin", "hub-key", "forget-checkpoint"]), "forgotten; the hub signs what is in the database when it starts");
    let said = started(&mut world).await;
    assert!(!said.contains(" 0 checkpoints"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_made_anew_is_signed_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    a_hub_that_starts_signs_nothing_that_was_made_anew_meanwhile(format!("sqlite://{}/hub.db", folder.path().display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_made_anew_is_signed_on_postgresql() {
    let database = tokio::task::spawn_blocking(|| Database::empty(Kind::Postgres)).await.expect("a database");
    a_hub_that_starts_signs_nothing_that_was_made_anew_meanwhile(database.url.clone()).await;
}
