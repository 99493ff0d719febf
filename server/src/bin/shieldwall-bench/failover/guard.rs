//! A shell that looks after programs: it does what it is told line by line, and ends them when its standard input is closed, which is when this
//! program ends, however it does.

use crate::cluster;
use anyhow::Context;
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Longest wait for an answer, and for the end.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Guard {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Guard {
    /// Starts a script as the user of PostgreSQL, behind a prefix; the folder becomes that user's. Returns once the script is ready.
    pub async fn start(prefix: &[&str], script: &str, folder: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut words: Vec<&str> = prefix.to_vec();
        cluster::give(folder).await?;
        words.extend(cluster::as_user());
        words.extend(["sh", "-c", script]);
        let (program, arguments) = words.split_first().context("a program")?;
        let mut child = Command::new(program)
            .args(arguments)
            .env("FOLDER", folder)
            .env("LC_ALL", "C.UTF-8")
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let stdin = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("piped")?).lines();
        let mut guard = Self { child, stdin, answers };
        guard.answer().await?;
        Ok(guard)
    }

    /// The number of its first process.
    pub fn process(&self) -> anyhow::Result<u32> {
        self.child.id().context("a guard has ended")
    }

    /// Tells it something, and waits for its answer.
    pub async fn tell(&mut self, command: &str) -> anyhow::Result<String> {
        let stdin = self.stdin.as_mut().context("a guard has ended")?;
        stdin.write_all(format!("{command}\n").as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<String> {
        timeout(PATIENCE, self.answers.next_line()).await.context("a guard does not answer")??.context("a guard has ended")
    }

    /// Ends what it looks after.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.stdin.take());
        timeout(PATIENCE, self.child.wait()).await.context("a guard does not end")??;
        Ok(())
    }
}

impl Drop for Guard {
    /// Where the run was given up, its folder goes next; what is guarded must have left it by then.
    fn drop(&mut self) {
        drop(self.stdin.take());
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
