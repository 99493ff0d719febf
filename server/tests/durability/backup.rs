//! Backups, taken while partners push, and what is made of them.

use crate::{
    hub::{Hub, client},
    load::Load,
    truth,
};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::Arc,
};

fn shieldwall(command: &str, file: &Path, database: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shieldwall")).arg(command).arg(file).args(["--database", database]).output().expect("the program runs")
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn refuses(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains(why), "{} {said}", output.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_holds_all_that_was_acknowledged_and_serves_again() {
    let mut hub = Hub::prepare(16).await;
    hub.start().await;
    let load = Arc::new(Load::new(&hub, 1, None));
    let clients = load.spawn(4);
    load.progress(200).await;
    let (acknowledged, file) = (load.acknowledged(), hub.folder.path().join("backup.db"));
    let (restored, database) = (format!("sqlite://{}/restored.db", hub.folder.path().display()), hub.database.clone());
    let taken = tokio::task::spawn_blocking({
        let (file, database) = (file.clone(), database.clone());
        move || shieldwall("backup", &file, &database)
    });
    succeeds(&taken.await.expect("a backup"));
    load.stop();
    for client in clients {
        client.await.expect("no client fails");
    }
    refuses(&shieldwall("backup", &file, &database), "exists already");
    refuses(&shieldwall("restore", &file, &database), "exists already");
    hub.terminate().await;

    succeeds(&shieldwall("restore", &file, &restored));
    refuses(&shieldwall("restore", &file, &restored), "exists already");
    assert_eq!(truth::read(&restored).await.lost(&acknowledged), Vec::<usize>::new(), "acknowledged before the backup, and not in it");
    hub.database = restored;
    hub.start().await;
    let asked = client().get(hub.url("/api/v1/whoami")).bearer_auth(&hub.partners[0].key).send().await.expect("an answer");
    assert_eq!(asked.status(), 200, "keys work as before");
    hub.terminate().await;
}

/// Two that run beside each other for the same file: one comes to an end, the other is refused, and neither takes the other's copy away, nor what it finds.
#[tokio::test]
async fn backups_beside_each_other_leave_each_other_alone() {
    let hub = Hub::prepare(1).await;
    let folder = hub.folder.path().join("backups");
    std::fs::create_dir(&folder).expect("a folder");
    let (file, others) = (folder.join("hub.backup"), folder.join("hub.backup.part"));
    std::fs::write(&others, "another's, which runs").expect("a file");
    let beside = |arguments: &[&str]| {
        let running: Vec<_> = (0..2)
            .map(|_| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_shieldwall"));
                command.arg("backup").arg(&file).args(["--database", &hub.database]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().expect("it starts")
            })
            .collect();
        let ended: Vec<Output> = running.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
        assert_eq!(ended.iter().filter(|output| output.status.success()).count(), 1, "{ended:?}");
        let mut left: Vec<_> = std::fs::read_dir(&folder).expect("the folder").map(|f| f.expect("a file").file_name()).collect();
        left.sort();
        assert_eq!(left, ["hub.backup", "hub.backup.part"]);
        assert_eq!(std::fs::read_to_string(&others).expect("it is there"), "another's, which runs");
        let copies = std::fs::read_dir(hub.folder.path()).expect("the folder").map(|f| f.expect("a file").file_name());
        assert_eq!(copies.filter(|name| name.to_string_lossy().ends_with(".part")).count(), 0, "nor is a readable copy left");
    };
    beside(&[]);
    let restored = hub.folder.path().join("restored.db");
    succeeds(&shieldwall("restore", &file, &format!("sqlite://{}", restored.display())));
    std::fs::remove_file(&file).expect("the backup");
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    beside(&["--encrypt-to", &recipient]);
}

#[test]
fn what_is_not_whole_is_not_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, database) = (folder.path().join("backup.db"), folder.path().join("hub.db"));
    std::fs::write(&file, "not a database at all, but long enough to be looked at".repeat(100)).expect("a file");
    refuses(&shieldwall("restore", &file, &format!("sqlite://{}", database.display())), "not a whole database");
    assert!(!database.exists());
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").map(|f| f.expect("a file").file_name()).collect();
    assert_eq!(left, ["backup.db"], "nothing is left behind");
}
