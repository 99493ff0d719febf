//! The targets of `server/fuzz` without cargo-fuzz, which needs a nightly compiler: their kept corpora, and mutations of them.
//! `SHIELDWALL_FUZZ` says how many of these each target gets (2000), `SHIELDWALL_SEED` draws others.

#[path = "../fuzz/harness.rs"]
mod harness;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

/// Longest that one input may take; they are small.
const BOUND: Duration = Duration::from_secs(5);
/// Longest input, in bytes.
const LONGEST: usize = 64 << 10;
/// What a grammar's own letters find that chance would not.
const WORDS: [&str; 34] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\u0000",
    "\\ud800",
    "\\u202e",
    "null",
    "true",
    "-0",
    "1e309",
    "18446744073709551616",
    "0.1",
    "\0",
    "\n",
    "\r\n",
    "%00",
    "%",
    "&",
    "=",
    "..",
    "9999-12-31T23:59:59.999999999-23:59",
    "0000-01-01T00:00:00+23:59",
    "2026-02-30",
    "é",
    "\u{202e}",
    "\u{feff}",
    "\"items\":[",
    "items",
    " ",
];

fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).map(|f| f.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{target} has a corpus");
    files.into_iter().map(|file| std::fs::read(file).expect("its bytes")).collect()
}

/// One small change.
fn change(data: &mut Vec<u8>, other: &[u8], rng: &mut StdRng) {
    let at = rng.random_range(0..=data.len());
    let end = (at + rng.random_range(0..32)).min(data.len());
    match rng.random_range(0..7) {
        0 if at < data.len() => data[at] ^= 1 << rng.random_range(0..8),
        1 if at < data.len() => data[at] = rng.random(),
        2 => drop(data.drain(at..end)),
        3 => {
            let piece = data[at..end].to_vec();
            let times = rng.random_range(1..64);
            data.splice(at..at, piece.repeat(times));
        }
        4 => {
            let from = rng.random_range(0..=other.len());
            let to = (from + rng.random_range(0..64)).min(other.len());
            data.splice(at..end, other[from..to].iter().copied());
        }
        5 => data.truncate(at),
        _ => drop(data.splice(at..at, WORDS[rng.random_range(0..WORDS.len())].bytes())),
    }
    data.truncate(LONGEST);
}

fn feed((name, target): harness::Target, data: &[u8]) {
    let began = Instant::now();
    let done = catch_unwind(AssertUnwindSafe(|| target(data)));
    assert!(done.is_ok() && began.elapsed() < BOUND, "{name}, {:?}; keep it in fuzz/corpus/{name}: {}", began.elapsed(), data.escape_ascii());
}

#[test]
fn every_parser_bears_whatever_comes() {
    let (times, seed) = (number("SHIELDWALL_FUZZ", 2_000), number("SHIELDWALL_SEED", 1));
    for target in harness::TARGETS {
        let corpus = corpus(target.0);
        corpus.iter().for_each(|data| feed(target, data));
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..times {
            let mut data = corpus[rng.random_range(0..corpus.len())].clone();
            for _ in 0..rng.random_range(1..6) {
                change(&mut data, &corpus[rng.random_range(0..corpus.len())], &mut rng);
            }
            feed(target, &data);
        }
    }
}

#[test]
fn each_parser_is_a_target_of_cargo_fuzz_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("its manifest");
    for (name, _) in harness::TARGETS {
        let target = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).expect("its file");
        assert!(target.contains(&format!("harness::run(\"{name}\", data)")) && manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
    }
}
