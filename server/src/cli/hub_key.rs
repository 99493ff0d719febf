//! `shieldwall admin hub-key`: another signing or sealing key takes over, while hubs run.

use super::print;
use crate::{
    audit,
    auth::seal::{self, Seal},
    key_file::{self, Kind},
};
use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::Timestamp;
use std::{path::PathBuf, process::ExitCode};
use store::{Store, StoreError, audit::Signer};

#[derive(Debug, Subcommand)]
pub enum HubKeyCommand {
    /// Makes the next key and puts it beside the one in use (….next). Where several hubs share a PostgreSQL, copy it to all of them before `rotate`.
    Prepare(Which),
    /// Lets the next key take over, and makes it where there is none yet. The hubs follow within five minutes, without a restart; the old key is
    /// then needed for older backups only. Partners find the new signing key in `whoami` and at /status; the trail names it, signed by the old one.
    Rotate(Which),
    /// Lets another signing key take over from one that is lost. Nobody vouches for it, so every partner has to be told its fingerprint.
    ReplaceSigning(Files),
    /// Forgets the last checkpoint that the hub remembers beside its signing key, so that it signs what is in the database now: after the database was put back
    /// from a backup. The hub must not run; where several share a PostgreSQL, on each machine.
    ForgetCheckpoint(Files),
}

#[derive(Args, Debug)]
pub struct Which {
    /// Which key.
    key: Name,
    #[command(flatten)]
    files: Files,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// The one that signs the audit trail's checkpoints.
    Signing,
    /// The one that seals secrets of authenticator apps.
    Sealing,
}

/// Where the keys are.
#[derive(Args, Debug)]
pub struct Files {
    /// The signing key; the default is beside SQLite's file, else data/shieldwall.signing-key.
    #[arg(long, env = "SHIELDWALL_SIGNING_KEY_FILE")]
    signing_key_file: Option<PathBuf>,
    /// The sealing key; the default is beside SQLite's file, else data/shieldwall.sealing-key.
    #[arg(long, env = "SHIELDWALL_SEALING_KEY_FILE")]
    sealing_key_file: Option<PathBuf>,
}

impl Which {
    fn kind(&self) -> Kind {
        match self.key {
            Name::Signing => audit::KEY,
            Name::Sealing => seal::KEY,
        }
    }

    fn file(&self, database: &str) -> anyhow::Result<PathBuf> {
        let given = match self.key {
            Name::Signing => &self.files.signing_key_file,
            Name::Sealing => &self.files.sealing_key_file,
        };
        given.clone().map_or_else(|| self.kind().file(database), Ok)
    }
}

/// Prepares, rotates or replaces.
pub async fn run(store: &Store, database: &str, command: HubKeyCommand, now: Timestamp) -> anyhow::Result<ExitCode> {
    match command {
        HubKeyCommand::Prepare(which) => {
            let file = which.file(database)?;
            which.kind().next(&file)?;
            print(&format!("the next {} is {}; copy it beside the {0} of every other hub, then `rotate`", which.kind().name, key_file::next(&file).display()))
        }
        HubKeyCommand::Rotate(which) => match which.key {
            Name::Signing => rotate_signing(store, which.file(database)?, now).await,
            Name::Sealing => rotate_sealing(store, which.file(database)?, now).await,
        },
        HubKeyCommand::ForgetCheckpoint(files) => {
            let file = files.signing_key_file.map_or_else(|| audit::KEY.file(database), Ok)?;
            let forgotten = audit::memory::forget(&file)?;
            print(if forgotten { "forgotten; the hub signs what is in the database when it starts" } else { "nothing was remembered" })
        }
        HubKeyCommand::ReplaceSigning(files) => replace_signing(store, files.signing_key_file.map_or_else(|| audit::KEY.file(database), Ok)?, now).await,
    }
}

async fn rotate_signing(store: &Store, file: PathBuf, now: Timestamp) -> anyhow::Result<ExitCode> {
    let named = store.hub().signing_key().await?.context("no hub has run on this database yet, so there is no signing key")?;
    let signs = |secret: &[u8; 32]| audit::hex(&Signer::new(secret).public_key()) == named;
    let Some(old) = audit::KEY.fitting(&file, signs)? else { bail!("{} is not the key that signs; `replace-signing` where that is lost", file.display()) };
    let new = audit::KEY.next(&file)?;
    if !store.hub().rotate_signing_key(Some(Signer::new(&old)), Signer::new(&new), now).await? {
        bail!("another key has taken over meanwhile");
    }
    taken_over(&file, new)
}

async fn replace_signing(store: &Store, file: PathBuf, now: Timestamp) -> anyhow::Result<ExitCode> {
    let named = store.hub().signing_key().await?.context("no hub has run on this database yet, so there is no signing key")?;
    if audit::KEY.fitting(&file, |secret| audit::hex(&Signer::new(secret).public_key()) == named)?.is_some() {
        bail!("{} is the key that signs, so it can vouch for the next one: `rotate signing`", file.display());
    }
    let new = audit::KEY.next(&file)?;
    store.hub().rotate_signing_key(None, Signer::new(&new), now).await?;
    taken_over(&file, new)
}

/// The database names the new signing key; the file follows, or, should this end here, the next hub that starts moves it.
fn taken_over(file: &std::path::Path, new: [u8; 32]) -> anyhow::Result<ExitCode> {
    audit::KEY.fitting(file, |key| *key == new)?;
    let key = Signer::new(&new).public_key();
    eprintln!("The audit trail is signed with {} from now on. The public key:", audit::fingerprint(&key));
    print(&audit::public_key(&key))
}

async fn rotate_sealing(store: &Store, file: PathBuf, now: Timestamp) -> anyhow::Result<ExitCode> {
    let named = store.hub().sealing_key().await?.context("no hub has run on this database yet, so there is no sealing key")?;
    let Some(old) = seal::KEY.fitting(&file, |key| seal::name(key) == named)? else {
        bail!("{} is not the key that secrets in the database are sealed under: {}", file.display(), seal::ADVICE)
    };
    let new = seal::KEY.next(&file)?;
    let (before, after) = (Seal::with(&old), Seal::with(&new));
    let again = move |user, sealed: &[u8]| -> Result<_, StoreError> { Ok(after.seal(user, &before.open(user, sealed)?)?.secret) };
    let Some(apps) = store.hub().reseal(named, seal::name(&new), again, now).await? else { bail!("another key has taken over meanwhile") };
    seal::KEY.fitting(&file, |key| *key == new)?;
    print(&format!("{apps} secrets are sealed under the new key, {}; backups of before need the old one", file.display()))
}
