//! What the figures belong to: the machine, what a synced write costs on it, and who used its processors.

use anyhow::Context;
use hdrhistogram::Histogram;
use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

/// The machine.
pub struct Facts {
    pub cores: usize,
    pub processor: String,
    pub memory: String,
    pub kernel: String,
    /// Microseconds for 4 KiB written and synced.
    pub sync: Histogram<u64>,
}

/// Looks at the machine; `folder` lies on the disk in question.
pub fn facts(folder: &Path) -> anyhow::Result<Facts> {
    let line = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let found = text.lines().find(|l| l.starts_with(key)).and_then(|l| l.split_once(':'));
        found.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    Ok(Facts {
        cores: std::thread::available_parallelism()?.get(),
        processor: line("/proc/cpuinfo", "model name"),
        memory: gibibytes(&line("/proc/meminfo", "MemTotal")),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
            .map_or_else(|_| std::env::consts::OS.to_owned(), |k| format!("{} {}", std::env::consts::OS, k.trim())),
        sync: sync_cost(&folder.join("sync")).context("cannot write to the disk")?,
    })
}

/// `24684084 kB` as `23.5 GiB`; other texts as they are.
fn gibibytes(text: &str) -> String {
    let kibibytes = text.strip_suffix(" kB").and_then(|n| n.parse::<f64>().ok());
    kibibytes.map_or_else(|| text.to_owned(), |n| format!("{:.1} GiB", n / 1_048_576.0))
}

/// What durability costs at least: a page written and synced, as at each commit.
fn sync_cost(path: &Path) -> anyhow::Result<Histogram<u64>> {
    let mut times = histogram()?;
    let mut file = File::create(path)?;
    for _ in 0..200 {
        let began = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        times.record(micros(began.elapsed()))?;
    }
    drop(file);
    fs::remove_file(path)?;
    Ok(times)
}

/// A histogram of microseconds, up to a minute, to three digits.
pub fn histogram() -> anyhow::Result<Histogram<u64>> {
    let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 3)?;
    histogram.auto(true);
    Ok(histogram)
}

/// Whole microseconds; at least one.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

/// The processor time a process has used, by its id or `self`; zero where the system does not tell.
pub fn busy(process: &str) -> Duration {
    // Linux counts in hundredths of a second here, whatever its own tick is.
    const TICKS: u64 = 100;
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name may hold spaces; the fields after it do not.
    let fields: Vec<&str> = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks: u64 = fields.get(11..13).unwrap_or_default().iter().filter_map(|f| f.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1_000 / TICKS)
}

/// The memory a process holds, in bytes, by its id; zero where the system does not tell.
pub fn memory(process: &str) -> u64 {
    status(process, "VmRSS:")
}

/// The most memory it has held since its start.
pub fn peak(process: &str) -> u64 {
    status(process, "VmHWM:")
}

fn status(process: &str, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kibibytes = text.lines().find_map(|l| l.strip_prefix(key)?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1_024
}
