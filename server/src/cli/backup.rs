//! `shieldwall backup` and `shieldwall restore`: a SQLite database into one file and back.

use super::{print, serve::DATABASE};
use crate::audit;
use age::{Decryptor, Encryptor, Identity, IdentityFile, Recipient, x25519};
use anyhow::{Context, anyhow, bail};
use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};
use store::{
    backup,
    private::{self, Part},
};

/// How a file begins that age has encrypted.
const ENCRYPTED: &[u8] = b"age-encryption.org/";

#[derive(clap::Args, Debug)]
pub struct BackupArgs {
    /// The backup; one file.
    file: PathBuf,
    /// The database.
    #[arg(long, env = "DATABASE_URL", default_value = DATABASE)]
    database: String,
    /// Encrypt it to this public key of age, such as age1…; may be given again, and each of the keys opens it. `age-keygen` makes one.
    #[arg(long, value_name = "RECIPIENT", value_parser = recipient)]
    encrypt_to: Vec<x25519::Recipient>,
}

#[derive(clap::Args, Debug)]
pub struct RestoreArgs {
    /// The backup; one file.
    file: PathBuf,
    /// The database.
    #[arg(long, env = "DATABASE_URL", default_value = DATABASE)]
    database: String,
    /// A file with the secret key that opens an encrypted backup, as `age-keygen` writes it.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// The signing key; the default is beside the database. What the hub remembers beside it of its last checkpoint is forgotten.
    #[arg(long, env = "SHIELDWALL_SIGNING_KEY_FILE")]
    signing_key_file: Option<PathBuf>,
}

fn recipient(text: &str) -> Result<x25519::Recipient, String> {
    text.parse().map_err(|why| format!("is no public key of age, such as age1…: {why}"))
}

/// Writes a backup. The hub may run.
pub fn back_up(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let BackupArgs { file, database, encrypt_to } = args;
    if encrypt_to.is_empty() {
        backup::back_up(database, file).with_context(|| format!("no backup of {database}"))?;
        return print(&format!("{database} is in {}; whoever has the file reads it (--encrypt-to)", file.display()));
    }
    if file.try_exists()? {
        bail!("{} exists already, and nothing is overwritten", file.display());
    }
    // Where the database lies itself, so that nothing readable ever lies where backups do.
    let plain = beside(database)?;
    backup::back_up(database, plain.path()).and_then(|()| Ok(encrypt(plain.path(), file, encrypt_to)?)).with_context(|| format!("no backup of {database}"))?;
    print(&format!("{database} is in {}, encrypted to {} keys", file.display(), encrypt_to.len()))
}

/// Makes a database from a backup. No hub may run on it yet: there must be none.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let RestoreArgs { file, database, identity, signing_key_file } = args;
    let done = match (is_encrypted(file)?, identity) {
        (false, _) => backup::restore(database, file).map_err(Into::into),
        (true, None) => Err(anyhow!("it is encrypted; --identity names the file with the key that opens it")),
        (true, Some(identity)) => {
            let plain = beside(database)?;
            decrypt(file, plain.path(), identity).and_then(|()| Ok(backup::restore(database, plain.path())?))
        }
    };
    done.with_context(|| format!("{} was not restored", file.display()))?;
    // The hub goes on from what is in the backup; partners' checkpoints show what was lost.
    audit::memory::forget(&signing_key_file.clone().map_or_else(|| audit::KEY.file(database), Ok)?)?;
    print(&format!("{} is in {database}", file.display()))
}

/// A name for a copy of the database that anybody can read who can read the database; the copy is gone when this is dropped.
fn beside(database: &str) -> anyhow::Result<Part> {
    let Some(database) = store::file_of(database)? else { bail!("that is PostgreSQL's: pg_dump makes backups of it") };
    private::make_folder_of(&database)?;
    Ok(Part::beside(&database))
}

fn encrypt(plain: &Path, file: &Path, recipients: &[x25519::Recipient]) -> io::Result<()> {
    let part = Part::beside(file);
    let encryptor = Encryptor::with_recipients(recipients.iter().map(|r| r as &dyn Recipient)).map_err(io::Error::other)?;
    let mut writer = encryptor.wrap_output(private::create(part.path())?)?;
    io::copy(&mut File::open(plain)?, &mut writer)?;
    writer.finish()?.sync_all()?;
    // A link overwrites nothing.
    fs::hard_link(part.path(), file)?;
    drop(part);
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn decrypt(file: &Path, plain: &Path, identity: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(identity).with_context(|| format!("cannot read the key {}", identity.display()))?;
    let keys = IdentityFile::from_buffer(text.as_bytes()).and_then(|file| file.into_identities().map_err(io::Error::other));
    let keys = keys.with_context(|| format!("{} holds no key of age", identity.display()))?;
    let decryptor = Decryptor::new_buffered(BufReader::new(File::open(file)?))?;
    let mut reader =
        decryptor.decrypt(keys.iter().map(|key| key.as_ref() as &dyn Identity)).with_context(|| format!("{} does not open it", identity.display()))?;
    io::copy(&mut reader, &mut private::create(plain)?)?;
    Ok(())
}

fn is_encrypted(file: &Path) -> anyhow::Result<bool> {
    let mut start = Vec::with_capacity(ENCRYPTED.len());
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    opened.take(ENCRYPTED.len() as u64).read_to_end(&mut start)?;
    Ok(start == ENCRYPTED)
}
