//! Keys that lie in files beside the database, never in it: whoever can write there, or has a copy of it, must have neither.

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};
use store::private;

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
        self.read(file)
    }

    /// The [next key](next) of a file, made where there is none.
    ///
    /// # Errors
    /// As [`Kind::open`].
    pub fn next(&self, file: &Path) -> anyhow::Result<[u8; 32]> {
        self.open(&next(file))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn read(&self, file: &Path) -> anyhow::Result<[u8; 32]> {
        let (name, at) = (self.name, file.display());
        private::narrow(file).with_context(|| format!("cannot keep others from the {name} {at}"))?;
        let text = fs::read_to_string(file).with_context(|| format!("cannot read the {name} {at}"))?;
        match STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
            Some(secret) => Ok(secret),
            None => bail!("{at} is no {name}: 32 bytes in base64"),
        }
    }

    /// The key that fits: the file's, or the [next one's](next), which then takes the file's place. So whatever happens while keys are rotated, and
    /// on whichever machine, a hub finds the one that the database names.
    ///
    /// # Errors
    /// When a file that is there can be neither read nor moved, or holds something else.
    pub fn fitting(&self, file: &Path, fits: impl Fn(&[u8; 32]) -> bool) -> anyhow::Result<Option<[u8; 32]>> {
        let next = next(file);
        for candidate in [file, &next] {
            if !fs::exists(candidate).with_context(|| format!("cannot read the {} {}", self.name, candidate.display()))? {
                continue;
            }
            let key = self.read(candidate)?;
            if fits(&key) {
                if candidate != file {
                    fs::rename(candidate, file)
                        .and_then(|()| sync(file))
                        .with_context(|| format!("cannot move {} to {}", candidate.display(), file.display()))?;
                    tracing::info!(file = %file.display(), "another {} is used from now on", self.name);
                }
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

/// Where a key waits until the database names it.
#[must_use]
pub fn next(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes sure that a file's name is on disk.
fn sync(file: &Path) -> std::io::Result<()> {
    File::open(folder(file))?.sync_all()
}

/// Written whole under another name, then linked, which overwrites nothing: of two programs that start at once, both read the same key.
fn make(file: &Path) -> std::io::Result<()> {
    private::make_folder_of(file)?;
    let mut secret = [0_u8; 32];
    rand::fill(&mut secret);
    let part = file.with_extension(format!("{}.part", uuid::Uuid::new_v4()));
    let written = private::create(&part).and_then(|mut f| {
        writeln!(f, "{}", STANDARD.encode(secret))?;
        f.sync_all()
    });
    let linked = written.and_then(|()| match fs::hard_link(&part, file) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&part);
    linked.and(removed)?;
    sync(file)
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
    fn the_next_key_takes_the_files_place_once_it_fits() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.test-key");
        let old = KIND.open(&file).unwrap();
        let new = KIND.next(&file).unwrap();
        assert_eq!(KIND.next(&file).unwrap(), new, "made once");
        assert_eq!(KIND.fitting(&file, |key| *key == old).unwrap(), Some(old));
        assert!(next(&file).exists(), "not yet");
        assert_eq!(KIND.fitting(&file, |key| *key == new).unwrap(), Some(new));
        assert_eq!((KIND.read(&file).unwrap(), next(&file).exists()), (new, false));
        assert_eq!(KIND.fitting(&file, |key| *key == old).unwrap(), None);
        assert_eq!(KIND.fitting(&folder.path().join("none"), |_| true).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_kept_from_them() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.test-key");
        let key = KIND.open(&file).unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(KIND.open(&file).unwrap(), key);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_key_is_beside_the_database() {
        assert_eq!(KIND.file("sqlite://data/hub.db?mode=rwc").unwrap(), Path::new("data/hub.test-key"));
        assert_eq!(KIND.file("postgres://hub@db.example/shieldwall").unwrap(), Path::new("data/shieldwall.test-key"));
    }
}
