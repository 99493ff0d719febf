//! What a hub remembers of its last checkpoint while it does not run: a file beside the signing key, so that whoever can write to the database alone, and
//! waits until the hub starts again, gets nothing signed.
//!
//! It says of which database it speaks, because a hub may be given another one with the same key.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};
use store::{audit::Remembered, private};

/// The file, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The database's address, without a password.
    database: String,
    number: i64,
    /// In hex.
    hash: String,
}

/// Where it is: the signing key's name, and `.last`.
#[must_use]
pub fn beside(key: &Path) -> PathBuf {
    key.with_added_extension("last")
}

/// The checkpoint that is remembered of a database; none where there is no file, or it speaks of another database.
///
/// # Errors
/// When the file cannot be read, or holds something else: it is not taken for none.
pub fn read(key: &Path, database: &str) -> anyhow::Result<Option<Remembered>> {
    let file = beside(key);
    let text = match fs::read_to_string(&file) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("cannot read {}", file.display()))?,
    };
    let broken = || format!("{} is not what a hub wrote of its last checkpoint", file.display());
    let kept: Kept = serde_json::from_str(&text).with_context(broken)?;
    let hash = super::file::hash(&kept.hash).map_err(anyhow::Error::msg).with_context(broken)?;
    Ok((kept.database == store::shown(database)).then_some(Remembered { number: kept.number, hash }))
}

/// Remembers a checkpoint.
///
/// # Errors
/// When the file cannot be written; then the one before is remembered.
pub fn write(key: &Path, database: &str, last: Remembered) -> anyhow::Result<()> {
    let (file, kept) = (beside(key), Kept { database: store::shown(database), number: last.number, hash: super::hex(&last.hash) });
    // Written whole under another name, as several hubs of one machine may do it at once.
    let part = file.with_added_extension(format!("{}.part", uuid::Uuid::new_v4()));
    let written = private::create(&part).and_then(|mut to| {
        writeln!(to, "{}", serde_json::to_string(&kept)?)?;
        to.sync_all()?;
        fs::rename(&part, &file)?;
        let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written.with_context(|| format!("cannot write {}", file.display()))
}

/// Forgets, so that the hub goes on from whatever its database has: it was put back from a backup. Says whether there was anything.
///
/// # Errors
/// When the file cannot be removed.
pub fn forget(key: &Path) -> anyhow::Result<bool> {
    let file = beside(key);
    match fs::remove_file(&file) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true).with_context(|| format!("cannot remove {}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_of_a_database_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (key, here) = (folder.path().join("hub.signing-key"), "sqlite://hub.db");
        assert_eq!(read(&key, here).unwrap(), None);
        for number in [7, 8] {
            let last = Remembered { number, hash: [0xa7; 32] };
            write(&key, here, last).unwrap();
            assert_eq!(read(&key, here).unwrap(), Some(last));
        }
        assert_eq!(read(&key, "sqlite://restored.db").unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(beside(&key)).unwrap().permissions()) & 0o777, 0o600);
        fs::write(beside(&key), "something else").unwrap();
        assert!(read(&key, here).is_err(), "damage is not taken for a beginning");
        assert!(forget(&key).unwrap() && !forget(&key).unwrap());
    }
}
