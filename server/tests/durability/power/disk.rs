//! A disk that forgets.

use super::trace::Event;
use rand::{RngExt, rngs::StdRng};
use std::{collections::BTreeMap, path::Path};

/// What a disk writes at once.
const SECTOR: usize = 512;

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug)]
pub enum Luck {
    Nothing,
    Everything,
    /// Of each write everything, nothing, or its first sectors, in whatever order.
    Some,
}

#[derive(Clone)]
enum Change {
    Written(usize, Vec<u8>),
    Cut(usize),
}

#[derive(Clone, Default)]
struct File {
    synced: Vec<u8>,
    /// With the number of the event that made each.
    pending: Vec<(usize, Change)>,
}

/// The files of a database.
#[derive(Clone, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
}

impl Disk {
    /// As a folder holds it now.
    pub fn of(folder: &Path, file: &str) -> Self {
        let synced = std::fs::read(folder.join(file)).expect("the database");
        Self { files: BTreeMap::from([(file.to_owned(), File { synced, pending: vec![] })]) }
    }

    /// What event `number` does.
    pub fn apply(&mut self, number: usize, event: &Event) {
        match event {
            Event::Written { file, offset, bytes } => self.file(file).pending.push((number, Change::Written(*offset, bytes.clone()))),
            Event::Cut { file, length } => self.file(file).pending.push((number, Change::Cut(*length))),
            Event::Synced { file, began } => {
                let file = self.file(file);
                let (covered, open): (Vec<_>, Vec<_>) = std::mem::take(&mut file.pending).into_iter().partition(|(number, _)| number < began);
                file.pending = open;
                for (_, change) in &covered {
                    change.apply(&mut file.synced);
                }
            }
            Event::Removed { file } => drop(self.files.remove(file)),
            Event::Acknowledged(_) => {}
        }
    }

    fn file(&mut self, name: &str) -> &mut File {
        self.files.entry(name.to_owned()).or_default()
    }

    /// What is found when the power is back.
    pub fn after_a_power_cut(&self, luck: Luck, rng: &mut StdRng) -> Self {
        let mut found = self.clone();
        for file in found.files.values_mut() {
            for (_, change) in std::mem::take(&mut file.pending) {
                if let Some(left) = change.left(luck, rng) {
                    left.apply(&mut file.synced);
                }
            }
        }
        found
    }

    /// Writes what is on the disk into a folder.
    pub fn write(&self, folder: &Path) {
        for (name, file) in &self.files {
            std::fs::write(folder.join(name), &file.synced).expect("a file");
        }
    }
}

impl Change {
    fn left(self, luck: Luck, rng: &mut StdRng) -> Option<Self> {
        match (luck, self) {
            (Luck::Nothing, _) => None,
            (Luck::Some, Self::Written(offset, mut bytes)) => {
                let sectors = bytes.len().div_ceil(SECTOR);
                bytes.truncate(match rng.random_range(0..3) {
                    0 => 0,
                    1 => rng.random_range(0..=sectors) * SECTOR,
                    _ => bytes.len(),
                });
                Some(Self::Written(offset, bytes))
            }
            (Luck::Some, Self::Cut(length)) => rng.random_bool(0.5).then_some(Self::Cut(length)),
            (Luck::Everything, change) => Some(change),
        }
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Written(_, new) if new.is_empty() => {}
            Self::Written(offset, new) => {
                let end = offset + new.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(new);
            }
            Self::Cut(length) => bytes.resize(*length, 0),
        }
    }
}
