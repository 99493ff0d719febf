//! Commands that must not do harm by being called twice, or for a database that is not there.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

fn shieldwall(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shieldwall"));
    command.current_dir(folder).env_remove("DATABASE_URL");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_trail_that_is_not_there_is_no_unharmed_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| shieldwall(folder.path()).args(arguments).output().expect("it runs");
    for arguments in [["audit", "verify"].as_slice(), &["audit", "list"], &["admin", "org", "list"]] {
        let output = run(arguments);
        assert!(!output.status.success() && said(&output).contains("there is no database"), "{arguments:?}: {}", said(&output));
    }
    assert!(!folder.path().join("data/shieldwall.db").exists(), "asking makes none");
    let add = ["admin", "org", "add", "harbour", "--name", "Harbour", "--sector", "transport", "--country", "NO", "--assets", "9", "--interval", "1h"];
    assert!(run(&add).status.success(), "{}", said(&run(&add)));
    let output = run(&["audit", "verify"]);
    assert!(output.status.success() && said(&output).contains("shieldwall.db: 1 rows and 0 checkpoints are as they were written"), "{}", said(&output));
}

/// Ends with the test, whatever becomes of it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_second_demo_leaves_the_first_its_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = || {
        let mut command = shieldwall(folder.path());
        command.args(["demo", "--listen", "127.0.0.1:0", "--quiet"]).stdout(Stdio::null());
        command
    };
    let _first = Running(demo().stderr(Stdio::null()).spawn().expect("it starts"));
    let (begun, database) = (Instant::now(), folder.path().join("data/demo.db"));
    while !database.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the first demo makes its database");
        std::thread::sleep(Duration::from_millis(50));
    }
    let second = demo().output().expect("it runs");
    assert!(!second.status.success() && said(&second).contains("a demo is running on"), "{}", said(&second));
    assert!(database.exists());
}
