//! The checkpoints of the trail: made on time, with the key that the alliance's database names.

use super::{KEY, Trail, file};
use crate::App;
use anyhow::bail;
use arc_swap::ArcSwapOption;
use domain::{SECOND, Timestamp};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};
use store::{
    Store, StoreError,
    audit::{Checkpoint, EVERY, Occasion, Signer},
};
use utoipa::ToSchema;

/// After a checkpoint that could not be made.
const AGAIN: Duration = Duration::from_secs(10);
/// What to do about another key, or none.
const ADVICE: &str = "copy the file from another hub or from where it is kept (SHIELDWALL_SIGNING_KEY_FILE names another place); where it is lost, \
                      `shieldwall admin hub-key replace-signing` makes another, which every partner has to be told of";

/// What a hub signs with, and what it signed last.
#[derive(Default)]
pub(super) struct Signing {
    signer: ArcSwapOption<Signer>,
    /// Where the key is read again when the database names another.
    file: OnceLock<PathBuf>,
    newest: ArcSwapOption<Newest>,
}

/// The newest checkpoint of the audit trail when this was answered; `GET /api/v1/audit/checkpoint` has the signature. There is one every five minutes,
/// whether anything happened or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Newest {
    /// The checkpoint's hash, in hex: `shieldwall audit verify` finds it by that.
    pub hash: String,
    /// The beginning of its five minutes: RFC 3339, UTC.
    pub at: String,
}

impl From<&Checkpoint> for Newest {
    fn from(c: &Checkpoint) -> Self {
        Self { hash: file::hex(&c.hash), at: c.at.rfc3339() }
    }
}

impl Trail {
    /// Takes the key of the file that the database names. Where it names none yet, the file's, which is made where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, or the database names another key.
    pub async fn open_with(&self, store: &Store, file: &Path) -> anyhow::Result<()> {
        let _ = self.signing.file.set(file.to_owned());
        if store.hub().signing_key().await?.is_none() {
            store.hub().take_signing_key(&Signer::new(&KEY.open(file)?)).await?;
        }
        if !self.take_named(store).await? {
            let what = if file.exists() {
                "is not the key that signs the checkpoints of the audit trail"
            } else {
                "is missing, and signs the checkpoints of the audit trail"
            };
            bail!("{} {what}: {ADVICE}", file.display());
        }
        Ok(())
    }

    /// Signs with this key from now on; without one there are no checkpoints.
    pub fn sign_with(&self, signer: Signer) {
        self.signing.signer.store(Some(Arc::new(signer)));
    }

    /// The public key of the alliance's signing key, as far as this hub has it.
    #[must_use]
    pub fn public_key(&self) -> Option<[u8; 32]> {
        self.signing.signer.load().as_ref().map(|signer| signer.public_key())
    }

    /// What receipts name. Read from memory, because pushes wait for it.
    #[must_use]
    pub fn newest(&self) -> Option<Newest> {
        self.signing.newest.load().as_deref().cloned()
    }

    /// Whether this hub has, after a look into its file, the key that the database names.
    async fn take_named(&self, store: &Store) -> anyhow::Result<bool> {
        let Some(named) = store.hub().signing_key().await? else { return Ok(true) };
        let fits = |secret: &[u8; 32]| file::hex(&Signer::new(secret).public_key()) == named;
        if self.public_key().is_some_and(|own| file::hex(&own) == named) {
            return Ok(true);
        }
        let Some(path) = self.signing.file.get() else { return Ok(false) };
        let Some(secret) = KEY.fitting(path, fits)? else { return Ok(false) };
        self.sign_with(Signer::new(&secret));
        Ok(true)
    }
}

/// Makes the checkpoint of these five minutes where there is none yet. Without a key it does nothing.
///
/// # Errors
/// When the database fails, or the trail was cut.
pub async fn checkpoint(app: &App) -> Result<(), StoreError> {
    make(app, Occasion::Due).await
}

/// Signs what came since the last checkpoint, because the hub stops.
///
/// # Errors
/// As [`checkpoint`].
pub(super) async fn last_checkpoint(app: &App) -> Result<(), StoreError> {
    make(app, Occasion::Stopping).await
}

async fn make(app: &App, occasion: Occasion) -> Result<(), StoreError> {
    match app.audit.take_named(&app.store).await {
        Ok(true) => {}
        Ok(false) => tracing::error!("this hub makes no checkpoint: it has not the key that the database names; {ADVICE}"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "this hub makes no checkpoint: its signing key cannot be read"),
    }
    let Some(signer) = app.audit.signing.signer.load_full() else { return Ok(()) };
    let newest = app.store.hub().make_checkpoint(signer, occasion, app.clock.now()).await?;
    app.audit.signing.newest.store(newest.as_ref().map(|c| Arc::new(c.into())));
    Ok(())
}

/// Makes a checkpoint whenever another five minutes begin, from now on.
pub(super) async fn keep(app: &App) {
    loop {
        let pause = match checkpoint(app).await {
            Ok(()) => until_next(app.clock.now()),
            Err(error) => {
                tracing::warn!(%error, "no checkpoint of the audit trail could be made");
                AGAIN
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Until the next five minutes begin, and a moment more.
fn until_next(now: Timestamp) -> Duration {
    Duration::from_micros((EVERY - now.0.rem_euclid(EVERY) + SECOND / 10).unsigned_abs())
}
