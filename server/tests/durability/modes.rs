//! What the program makes is its owner's only, whatever the umask.
#![cfg(unix)]

use crate::hub::{Hub, PROGRAM};
use age::{secrecy::ExposeSecret, x25519::Identity};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const UNMASKED: &str = "umask 000; exec \"$0\" \"$@\"";

/// The program with a umask that masks nothing.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", UNMASKED, PROGRAM]).args(arguments).current_dir(folder).env_remove("DATABASE_URL").output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Everything in a folder, with its mode.
fn all(folder: &Path) -> Vec<(PathBuf, u32)> {
    let inside = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    inside.flat_map(|path| if path.is_dir() { [vec![(path.clone(), mode(&path))], all(&path)].concat() } else { vec![(path.clone(), mode(&path))] }).collect()
}

fn narrow(folder: &Path) {
    for (path, mode) in all(folder) {
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}

const ADD: [&str; 8] = ["admin", "org", "add", "harbour", "--name", "Harbour", "--country", "NO"];

#[test]
fn files_and_folders_of_commands_are_their_owners_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let (here, key) = (folder.path(), Identity::generate());
    let output = run(here, &ADD);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(mode(&here.join("data")), 0o700);
    // What another version, or a copy, has left wider.
    fs::set_permissions(here.join("data/shieldwall.db"), PermissionsExt::from_mode(0o666)).expect("a mode");
    let listed = run(here, &["admin", "org", "list"]);
    assert!(listed.status.success() && said(&listed).contains("others could read this file"), "{}", said(&listed));

    let recipient = key.to_public().to_string();
    let ends = |arguments: &[&str], succeeds: bool, says: &str| {
        let output = run(here, arguments);
        assert!(output.status.success() == succeeds && said(&output).contains(says), "{arguments:?}: {}", said(&output));
    };
    ends(&["backup", "plain.db"], true, "whoever has the file reads it");
    ends(&["backup", "sealed.age", "--encrypt-to", &recipient, "--encrypt-to", &Identity::generate().to_public().to_string()], true, "encrypted to 2 keys");
    ends(&["backup", "sealed.age", "--encrypt-to", &recipient], false, "exists already");
    ends(&["backup", "other.age", "--encrypt-to", "age1nonsense"], false, "is no public key of age");
    let sealed = fs::read(here.join("sealed.age")).expect("a backup");
    assert!(sealed.starts_with(b"age-encryption.org/v1") && !sealed.windows(7).any(|w| w == b"harbour" || w == b"Harbour"));
    fs::write(here.join("identity"), key.to_string().expose_secret()).expect("a key");
    fs::write(here.join("stranger"), Identity::generate().to_string().expose_secret()).expect("a key");
    for file in ["identity", "stranger"] {
        fs::set_permissions(here.join(file), PermissionsExt::from_mode(0o600)).expect("a mode");
    }
    ends(&["restore", "sealed.age", "--database", "sqlite://new/a.db"], false, "--identity");
    ends(&["restore", "sealed.age", "--database", "sqlite://new/a.db", "--identity", "stranger"], false, "does not open it");
    assert!(!here.join("new/a.db").exists());
    ends(&["restore", "sealed.age", "--database", "sqlite://new/a.db", "--identity", "identity"], true, "sealed.age is in");
    ends(&["restore", "plain.db", "--database", "sqlite://new/b.db"], true, "plain.db is in");
    for database in ["sqlite://new/a.db", "sqlite://new/b.db"] {
        ends(&["admin", "org", "list", "--database", database], true, "harbour");
    }
    // Half of one opens to nothing.
    fs::write(here.join("half.age"), &sealed[..sealed.len() / 2]).expect("a file");
    fs::set_permissions(here.join("half.age"), PermissionsExt::from_mode(0o600)).expect("a mode");
    ends(&["restore", "half.age", "--database", "sqlite://new/c.db", "--identity", "identity"], false, "was not restored");
    assert!(!here.join("new/c.db").exists());
    narrow(here);
    let left = all(here).into_iter().find(|(path, _)| path.to_string_lossy().ends_with("plain"));
    assert_eq!(left, None, "no copy that anybody can read stays behind");
}

#[tokio::test]
async fn files_of_a_running_hub_are_its_own_only() {
    let mut hub = Hub::at(String::new(), tempfile::tempdir().expect("a folder"));
    let data = hub.folder.path().join("deep/er");
    hub.database = format!("sqlite://{}/hub.db", data.display());
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", UNMASKED, PROGRAM]);
    hub.spawn_by(command);
    hub.serves().await;
    let beside = |name: &str| data.join(name).exists();
    assert!(beside("hub.db") && beside("hub.db-wal") && beside("hub.db-shm"));
    narrow(&hub.folder.path().join("deep"));
    for key in ["signing-key", "sealing-key"] {
        assert_eq!(mode(&hub.folder.path().join(key)), 0o600, "{key}");
    }
    hub.terminate().await;
}
