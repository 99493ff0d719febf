//! `shieldwall audit`: reads the audit trail and checks it.

use super::{print, serve::DATABASE};
use crate::{audit, clock::Clock};
use anyhow::{Context, anyhow};
use clap::{Args as ClapArgs, Subcommand};
use domain::Timestamp;
use std::{collections::HashMap, path::PathBuf, process::ExitCode};
use store::{
    Settings, Store,
    audit::{AuditError, EVERY, Proofs, Signer, Verified, Vouched},
};

#[derive(ClapArgs, Debug)]
pub struct Args {
    /// The database: sqlite://path or postgres://user:password@host/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = DATABASE, global = true)]
    database: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Prints all rows as lines of JSON, oldest first.
    List,
    /// Finds rows that were changed, deleted, moved or rolled back, and counts those whose contents were erased. Exit code 0: nothing is wrong; 1: the trail was tampered with; 2: it could not be
    /// checked.
    Verify(Verify),
    /// Prints the public key that checkpoints are checked with, and its fingerprint. Keep it, or give it to who is to check the trail, apart from the database.
    PublicKey {
        /// The signing key; the default is beside SQLite's file, else data/shieldwall.signing-key.
        #[arg(long, env = "SHIELDWALL_SIGNING_KEY_FILE")]
        signing_key_file: Option<PathBuf>,
    },
}

#[derive(ClapArgs, Debug)]
struct Verify {
    /// A checkpoint that a partner kept, as GET /api/v1/audit/checkpoint answered it, or a receipt; may be given again.
    #[arg(long)]
    checkpoint: Vec<PathBuf>,
    /// The hub's public key or its fingerprint (SHA256:…), or a file with one of them. From outside: whoever can write to the database could sign
    /// with a key of their own.
    #[arg(long, value_name = "FILE|TEXT")]
    public_key: Option<String>,
}

/// Spans without a checkpoint that are told one by one.
const GAPS: usize = 20;

/// Lists or checks. A hub may run meanwhile.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { database, what } = args;
    match what {
        What::List => with(database, async |store, _| list(store).await).await,
        What::PublicKey { signing_key_file } => {
            let file = signing_key_file.map_or_else(|| audit::KEY.file(&database), Ok)?;
            let key = Signer::new(&audit::KEY.read(&file)?).public_key();
            eprintln!("The public key of {}; its fingerprint is {}", file.display(), audit::fingerprint(&key));
            print(&audit::public_key(&key))
        }
        What::Verify(verify) => {
            let checked = match proofs(&verify) {
                Ok(proofs) => with(database, async |store, shown| check(store, shown, &proofs).await).await,
                Err(error) => Err(error),
            };
            checked.or_else(|error| {
                eprintln!("shieldwall: the audit trail could not be checked: {error:#}");
                Ok(ExitCode::from(2))
            })
        }
    }
}

/// Opens a database that is there.
async fn with(url: String, work: impl AsyncFnOnce(&Store, &str) -> anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    super::must_exist(&url)?;
    let shown = store::shown(&url);
    let store = Store::open(&Settings { url, readers: 1 }).await?;
    let done = work(&store, &shown).await;
    store.close().await;
    done
}

fn proofs(verify: &Verify) -> anyhow::Result<Proofs> {
    let read = |file: &PathBuf| {
        let kept = std::fs::read_to_string(file).map_err(|e| anyhow!(e)).and_then(|text| audit::kept(&text).map_err(|e| anyhow!(e)));
        kept.with_context(|| format!("{} is neither a checkpoint nor a receipt that names one", file.display()))
    };
    let key = |given: &String| {
        let inside = || std::fs::read_to_string(given).ok().and_then(|text| audit::key_or_fingerprint(&text));
        audit::key_or_fingerprint(given).or_else(inside).with_context(|| format!("{given:?} is no public key, no fingerprint, and no file with one"))
    };
    Ok(Proofs { key: verify.public_key.as_ref().map(key).transpose()?, kept: verify.checkpoint.iter().map(read).collect::<Result<_, _>>()? })
}

async fn list(store: &Store) -> anyhow::Result<ExitCode> {
    let slugs: HashMap<_, _> = store.hub().organisations().await?.into_iter().map(|o| (o.id, o.slug)).collect();
    let slug = |org| slugs.get(&org).cloned();
    let mut last = 0;
    loop {
        let rows = store.hub().audit_after(last).await?;
        let Some(newest) = rows.last() else { return Ok(ExitCode::SUCCESS) };
        last = newest.no;
        for row in rows {
            print(&audit::line(&row, true, slug).to_string())?;
        }
    }
}

async fn check(store: &Store, database: &str, proofs: &Proofs) -> anyhow::Result<ExitCode> {
    let found = match store.hub().verify_audit(proofs).await {
        Ok(found) => found,
        Err(AuditError::Tampered(fault)) => {
            eprintln!("shieldwall: {database}: the audit trail was tampered with: {fault}");
            return Ok(ExitCode::FAILURE);
        }
        Err(AuditError::Store(error)) => return Err(error.into()),
    };
    print(&format!("{database}: {} rows and {} checkpoints are as they were written", found.rows, found.checkpoints))?;
    if found.erased > 0 {
        print(&format!("The contents of {} of these rows were erased; that they were there, and when, is as it was written", found.erased))?;
    }
    for used in &found.keys {
        let (key, since) = (audit::fingerprint(&used.public_key), used.since.rfc3339());
        print(&match used.vouched {
            Vouched::First => format!("Signed with {key} since {since}"),
            Vouched::ByTheOneBefore => format!("Signed with {key} since {since}; the key before vouches for it"),
            Vouched::Later => format!("Signed with {key} since {since}; the key before does not vouch for it, what was signed with the given key later does"),
        })?;
    }
    if !proofs.kept.is_empty() {
        print(&format!("All {} kept checkpoints are in it", proofs.kept.len()))?;
    }
    for unknown in not_known(&found, proofs, Clock::default().now()) {
        print(&format!("Not known: {unknown}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What nothing that was given can show.
fn not_known(found: &Verified, proofs: &Proofs, now: Timestamp) -> Vec<String> {
    let mut unknown = vec![];
    if proofs.key.is_none() {
        unknown.push("whether the hub signed it: no --public-key was given, so anybody may have signed".to_owned());
    }
    if proofs.kept.is_empty() {
        unknown.push("whether its end was cut off, or all of it put back to an older state: no partner's --checkpoint was given".to_owned());
    }
    if found.unsigned > 0 {
        unknown.push(format!("whether rows were cut off after the newest checkpoint; {} that are there are not signed yet", found.unsigned));
    }
    if found.before_first > 0 {
        unknown.push(format!(
            "whether {} rows are as they were before the first checkpoint, which was made more than five minutes after them",
            found.before_first
        ));
    }
    for (from, to) in found.gaps.iter().take(GAPS) {
        unknown.push(format!("why there is no checkpoint between {} and {}: a hub that runs makes one every five minutes", from.rfc3339(), to.rfc3339()));
    }
    if found.gaps.len() > GAPS {
        unknown.push(format!("why there is none in {} further spans", found.gaps.len() - GAPS));
    }
    match found.newest {
        None => unknown.push("whether rows were cut off its end: there is no checkpoint".to_owned()),
        Some(at) if now.since(at) > 2 * EVERY => {
            unknown.push(format!("why there is no checkpoint since {}: a hub that runs makes one every five minutes", at.rfc3339()));
        }
        Some(_) => {}
    }
    unknown
}
