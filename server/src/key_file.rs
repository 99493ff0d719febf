//! Keys that lie in files beside the database, never in it: whoever can write there, or has a copy of it, must have neither.

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// One kind of key.
pub struct Kind {
    /// What people call it.
    pub name: &'static str,
    /// How its file's name ends.
    pub extension: &'static str,
    /// The environment variable that names another file.
    pub variable: &'static str,
}

impl Kind {
    /// Where a key is kept unless somebody says otherwise: beside SQLite's file; on PostgreSQL in `data/` on each machine.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub fn file(&self, database: &str) -> anyhow::Result<PathBuf> {
        let file = store::file_of(database)?.unwrap_or_else(|| "data/shieldwall.db".into());
        Ok(file.with_extension(self.extension))
    }

    /// Reads a key; where there is no file makes one.
    ///
    /// # Errors
    /// When the file can be neither read nor made, or holds something else.
    pub fn open(&self, file: &Path) -> anyhow::Result<[u8; 32]> {
        let (name, variable, at) = (self.name, self.variable, file.display());
        if !fs::exists(file).with_context(|| format!("cannot read the {name} {at}"))? {
            make(file).with_context(|| format!("cannot make the {name} {at} ({variable} names another place)"))?;
        }
        let text = fs::read_to_string(file).with_context(|| format!("cannot read the {name} {at}"))?;
        match STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
            Some(secret) => Ok(secret),
            None => bail!("{at} is no {name}: 32 bytes in base64"),
        }
    }
}

/// Written whole under another name, then linked, which overwrites nothing: of two programs that start at once, both read the same key.
fn make(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut secret = [0_u8; 32];
    rand::fill(&mut secret);
    let part = file.with_extension(format!("{}.part", uuid::Uuid::new_v4()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&part).and_then(|mut f| {
        writeln!(f, "{}", STANDARD.encode(secret))?;
        f.sync_all()
    });
    let linked = written.and_then(|()| match fs::hard_link(&part, file) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&part);
    linked.and(removed)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { name: "test key", extension: "test-key", variable: "TEST_KEY_FILE" };

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new").join("hub.test-key");
        let first = KIND.open(&file).unwrap();
        assert_eq!(KIND.open(&file).unwrap(), first);
        assert_ne!(KIND.open(&folder.path().join("other")).unwrap(), first);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&file, "something else").unwrap();
        assert!(KIND.open(&file).is_err(), "what is there is not overwritten");
    }

    #[test]
    fn the_key_is_beside_the_database() {
        assert_eq!(KIND.file("sqlite://data/hub.db?mode=rwc").unwrap(), Path::new("data/hub.test-key"));
        assert_eq!(KIND.file("postgres://hub@db.example/shieldwall").unwrap(), Path::new("data/shieldwall.test-key"));
    }
}
