//! The checkpoints of the trail: made on time, with the key that the alliance's database names.

use super::{KEY, Trail, file, memory};
use crate::App;
use anyhow::{Context, bail};
use arc_swap::ArcSwapOption;
use domain::{SECOND, Timestamp};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};
use store::{
    Store,
    audit::{AuditError, Checkpoint, EVERY, Occasion, Remembered, Signer},
};
use utoipa::ToSchema;

/// After a checkpoint that could not be made.
const AGAIN: Duration = Duration::from_secs(10);
/// What to do about another key, or none.
const ADVICE: &str = "copy the file from another hub or from where it is kept (SHIELDWALL_SIGNING_KEY_FILE names another place); where it is lost, \
                      `shieldwall admin hub-key replace-signing` makes another, which every partner has to be told of";

/// What to do where the trail does not go on from what is remembered.
const RESTORED: &str = "`shieldwall audit verify` says more; where the database was put back from a backup, stop the hub, \
                        `shieldwall admin hub-key forget-checkpoint`, and start it";

/// What a hub signs with, and what it signed last.
#[derive(Default)]
pub(super) struct Signing {
    signer: ArcSwapOption<Signer>,
    /// Where the key is read again when the database names another, and of which database the [memory] beside it speaks.
    file: OnceLock<(PathBuf, String)>,
    newest: ArcSwapOption<Newest>,
    /// The last checkpoint of the own key that was made or found good. Nothing is signed that does not go on from it.
    last: ArcSwapOption<Remembered>,
    /// Why nothing is signed, in words.
    trouble: ArcSwapOption<String>,
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
    /// Takes the key of the file that the database names, and what is remembered beside it. Where it names none yet, the file's, which is made where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or made, or the database names another key.
    pub async fn open_with(&self, store: &Store, file: &Path, database: &str) -> anyhow::Result<()> {
        let _ = self.signing.file.set((file.to_owned(), database.to_owned()));
        self.signing.last.store(memory::read(file, database).context("the signing key's memory")?.map(Arc::new));
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

    /// Why this hub signs no checkpoints just now, for its people.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.signing.trouble.load().as_deref().cloned()
    }

    /// Remembers a checkpoint that goes on from the one before, and was signed with the own key.
    fn remember(&self, newest: &Checkpoint) {
        let last = Remembered::from(newest);
        if self.signing.last.load().as_deref() == Some(&last) {
            return;
        }
        self.signing.last.store(Some(Arc::new(last)));
        if let Some((key, database)) = self.signing.file.get()
            && let Err(error) = memory::write(key, database, last)
        {
            tracing::error!(error = format!("{error:#}"), "the last checkpoint could not be remembered for the next start");
        }
    }

    /// Whether this hub has, after a look into its file, the key that the database names.
    async fn take_named(&self, store: &Store) -> anyhow::Result<bool> {
        let Some(named) = store.hub().signing_key().await? else { return Ok(true) };
        let fits = |secret: &[u8; 32]| file::hex(&Signer::new(secret).public_key()) == named;
        if self.public_key().is_some_and(|own| file::hex(&own) == named) {
            return Ok(true);
        }
        let Some((path, _)) = self.signing.file.get() else { return Ok(false) };
        let Some(secret) = KEY.fitting(path, fits)? else { return Ok(false) };
        self.sign_with(Signer::new(&secret));
        Ok(true)
    }
}

/// Makes the checkpoint of these five minutes where there is none yet. Without a key it does nothing.
///
/// # Errors
/// When the database fails, or the trail does not go on from what this hub signed last.
pub async fn checkpoint(app: &App) -> Result<(), AuditError> {
    make(app, Occasion::Due).await
}

/// Signs what came since the last checkpoint, because the hub stops.
///
/// # Errors
/// As [`checkpoint`].
pub(super) async fn last_checkpoint(app: &App) -> Result<(), AuditError> {
    make(app, Occasion::Stopping).await
}

async fn make(app: &App, occasion: Occasion) -> Result<(), AuditError> {
    let signing = &app.audit.signing;
    let mut trouble = None;
    match app.audit.take_named(&app.store).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::error!("this hub makes no checkpoint: it has not the key that the database names; {ADVICE}");
            trouble = Some("is not signed by this hub: the database names another signing key".to_owned());
        }
        Err(error) => tracing::error!(error = format!("{error:#}"), "this hub makes no checkpoint: its signing key cannot be read"),
    }
    let Some(signer) = signing.signer.load_full() else { return Ok(()) };
    let (own, last) = (signer.public_key(), signing.last.load().as_deref().copied());
    let made = app.store.hub().make_checkpoint(signer, occasion, app.clock.now(), last).await;
    if let Err(AuditError::Tampered(fault)) = &made {
        tracing::error!(%fault, "the audit trail is not what this hub signed before, so it signs no more of it; {RESTORED}");
        trouble = Some(
            "is not what this hub signed before, so it signs no more of it. Whoever operates the hub finds out more with: shieldwall audit verify".to_owned(),
        );
    }
    signing.trouble.store(trouble.map(Arc::new));
    let newest = made?;
    signing.newest.store(newest.as_ref().map(|c| Arc::new(c.into())));
    if let Some(newest) = newest.filter(|newest| newest.public_key == own) {
        app.audit.remember(&newest);
    }
    Ok(())
}

/// Makes a checkpoint whenever another five minutes begin, from now on.
pub(super) async fn keep(app: &App) {
    loop {
        let pause = match checkpoint(app).await {
            // That was said, and does not become better by itself.
            Ok(()) | Err(AuditError::Tampered(_)) => until_next(app.clock.now()),
            Err(AuditError::Store(error)) => {
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
