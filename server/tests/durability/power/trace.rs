//! What strace says of a hub: writes and syncs of the database's files, and the answers to pushes, in the order in which they happened.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};
use uuid::Uuid;

/// What to watch.
pub const CALLS: &str = "trace=pwrite64,ftruncate,fsync,fdatasync,unlink,write,writev,sendto";

/// Something that happened, named after its end.
pub enum Event {
    Written {
        file: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: String,
        length: usize,
    },
    /// All that happened before event `began` to this file is on disk.
    Synced {
        file: String,
        began: usize,
    },
    Removed {
        file: String,
    },
    /// The answer with this receipt began to leave the hub.
    Acknowledged(Uuid),
}

/// Reads a complete trace.
///
/// Calls of several threads overlap. A write counts from its end, a sync covers what was written before its beginning, and an answer counts
/// from its beginning: the hub is held to the strictest order.
pub fn read(log: &Path) -> Vec<Event> {
    let (mut events, mut begun) = (Vec::new(), HashMap::new());
    for line in BufReader::new(File::open(log).expect("the trace")).lines() {
        let line = line.expect("text");
        let (thread, call) = line.split_once(' ').expect("a thread");
        let call = call.trim_start();
        events.extend(acknowledged(call));
        if let Some(head) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(thread.to_owned(), (head.to_owned(), events.len()));
        } else if call.starts_with("<... ") {
            // Where strace came late, the beginning is missing.
            if let Some((head, began)) = begun.remove(thread) {
                events.extend(done(&head, result(call), began));
            }
        } else {
            events.extend(done(call, result(call), events.len()));
        }
    }
    events
}

/// Whether a trace goes to the end of the hub with this process number; strace outlives it by a moment.
pub fn is_complete(log: &Path, hub: u32) -> std::io::Result<bool> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(100)))?;
    let mut end = String::new();
    file.read_to_string(&mut end)?;
    let last: Vec<_> = end.lines().last().unwrap_or_default().split_whitespace().take(3).collect();
    Ok(last == [hub.to_string().as_str(), "+++", "exited"])
}

/// What a call returned; nothing for a failure.
fn result(call: &str) -> Option<usize> {
    call.rsplit_once(" = ")?.1.split(' ').next()?.parse().ok()
}

/// A finished call on one of the database's files.
fn done(call: &str, result: Option<usize>, began: usize) -> Option<Event> {
    let (name, arguments) = call.split_once('(')?;
    let result = result?;
    let number = |nth: usize| -> usize {
        let text = arguments.rsplit_once(" = ").map_or(arguments, |(head, _)| head).trim_end().trim_end_matches(')');
        text.rsplit(", ").nth(nth).and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no number in {name}({arguments}"))
    };
    if name == "unlink" {
        return Some(Event::Removed { file: database_file(&strings(arguments)[0])? });
    }
    let file = database_file(&unhex(arguments.split_once('<')?.1.split_once('>')?.0))?;
    match name {
        "pwrite64" => {
            let mut bytes = strings(arguments).remove(0);
            assert_eq!(bytes.len(), number(1), "the trace has all of what was written");
            bytes.truncate(result);
            Some(Event::Written { file, offset: number(0), bytes })
        }
        "ftruncate" => Some(Event::Cut { file, length: number(0) }),
        "fsync" | "fdatasync" => Some(Event::Synced { file, began }),
        _ => panic!("SQLite wrote by {name}, which this test does not know"),
    }
}

/// The name of a database's file; nothing for other files, and for the index that SQLite makes anew.
fn database_file(path: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(path).rsplit('/').next()?.to_owned();
    (name == "hub.db" || name == "hub.db-wal" || name == "hub.db-journal").then_some(name)
}

/// The receipt in an answer of success.
fn acknowledged(call: &str) -> Option<Event> {
    let (name, arguments) = call.split_once('(')?;
    if !matches!(name, "write" | "writev" | "sendto") {
        return None;
    }
    let text = strings(arguments).concat();
    let text = String::from_utf8_lossy(&text);
    let id = text.strip_prefix("HTTP/1.1 200 ")?.split_once("{\"id\":\"")?.1.get(..36)?;
    Some(Event::Acknowledged(id.parse().ok()?))
}

/// All strings of a call.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(unhex).collect()
}

/// Bytes from `\x2f…`.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap_or_else(|| panic!("{text}")) as u8;
    text.as_bytes().chunks_exact(4).map(|byte| digit(byte[2]) << 4 | digit(byte[3])).collect()
}
