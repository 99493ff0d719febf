//! Values as both databases keep them, and the checksum over them.

use super::{Moved, catalogue::Table};
use sha2::{Digest as _, Sha256};

/// What a column holds. SQLite keeps `Bool` as a number and `Uuid` as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Bool,
    Real,
    Text,
    Bytes,
    Uuid,
}

impl Kind {
    /// From PostgreSQL's name of a type.
    pub(super) fn of(typname: &str) -> Option<Self> {
        Some(match typname {
            "int8" => Self::Int,
            "bool" => Self::Bool,
            "float8" => Self::Real,
            "text" => Self::Text,
            "bytea" => Self::Bytes,
            "uuid" => Self::Uuid,
            _ => return None,
        })
    }
}

/// One value: a `Bool` is 0 or 1, a `Uuid` its 16 bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) type Row = Vec<Cell>;

impl Cell {
    pub(super) fn int(&self) -> Option<i64> {
        if let Self::Int(n) = self { Some(*n) } else { None }
    }

    pub(super) fn real(&self) -> Option<f64> {
        if let Self::Real(x) = self { Some(*x) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) fn has_nul(&self) -> bool {
        self.text().is_some_and(|text| text.contains('\0'))
    }

    /// Bytes in memory, about.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) | Self::Real(_) => 16,
            Self::Text(text) => 16 + text.len(),
            Self::Bytes(bytes) => 16 + bytes.len(),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Int(n) => n.fmt(f),
            Self::Real(x) => x.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// The checksum of a table in the making.
#[derive(Default)]
pub(super) struct Digest {
    hash: Sha256,
    rows: u64,
}

impl Digest {
    /// Takes the next row. Each value says its type and its length, so that no two rows look alike.
    pub(super) fn add(&mut self, row: &Row) {
        self.rows += 1;
        for cell in row {
            match cell {
                Cell::Null => self.hash.update([0]),
                Cell::Int(n) => self.value(1, &n.to_le_bytes()),
                // Its bits: nearly the same number is not the same.
                Cell::Real(x) => self.value(2, &x.to_bits().to_le_bytes()),
                Cell::Text(text) => self.value(3, text.as_bytes()),
                Cell::Bytes(bytes) => self.value(4, bytes),
            }
        }
    }

    fn value(&mut self, tag: u8, bytes: &[u8]) {
        self.hash.update([tag]);
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }

    pub(super) fn of(self, table: &Table) -> Moved {
        let checksum = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Moved { table: table.name.clone(), rows: self.rows, checksum }
    }
}
