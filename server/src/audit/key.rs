//! The hub's signing key, in a file: whoever can write to the database, or has a copy of it, must not be able to sign.

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};
use store::audit::Signer;

/// Where the key is kept unless somebody says otherwise: beside SQLite's file. On PostgreSQL every machine has one of its own.
///
/// # Errors
/// When the database's address cannot be read.
pub fn key_file(database: &str) -> anyhow::Result<PathBuf> {
    Ok(store::file_of(database)?.map_or_else(|| "data/shieldwall.signing-key".into(), |file| file.with_extension("signing-key")))
}

/// Reads the key; at the first start makes it.
///
/// # Errors
/// When the file can be neither read nor made, or holds something else.
pub fn open_key(file: &Path) -> anyhow::Result<Signer> {
    let text = match fs::read_to_string(file) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            make(file).with_context(|| format!("cannot make the signing key {} (SHIELDWALL_SIGNING_KEY_FILE names another place)", file.display()))?;
            fs::read_to_string(file)
        }
        read => read,
    };
    let text = text.with_context(|| format!("cannot read the signing key {}", file.display()))?;
    match STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
        Some(secret) => Ok(Signer::new(&secret)),
        None => bail!("{} is no signing key: 32 bytes in base64", file.display()),
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

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new").join("hub.signing-key");
        let first = open_key(&file).unwrap().public_key();
        assert_eq!(open_key(&file).unwrap().public_key(), first);
        assert_ne!(open_key(&folder.path().join("other")).unwrap().public_key(), first);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        fs::write(&file, "something else").unwrap();
        assert!(open_key(&file).is_err(), "what is there is not overwritten");
    }

    #[test]
    fn the_key_is_beside_the_database() {
        assert_eq!(key_file("sqlite://data/hub.db?mode=rwc").unwrap(), Path::new("data/hub.signing-key"));
        assert_eq!(key_file("postgres://hub@db.example/shieldwall").unwrap(), Path::new("data/shieldwall.signing-key"));
    }
}
