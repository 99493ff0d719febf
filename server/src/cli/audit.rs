//! `shieldwall audit`: reads the audit trail and checks it.

use super::{print, serve::DATABASE};
use crate::audit::{self, CheckpointFile};
use anyhow::{Context, anyhow};
use clap::{Args as ClapArgs, Subcommand};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::ExitCode,
};
use store::{Settings, Store, audit::Checkpoint};

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
    /// Finds rows that were changed, deleted, moved or rolled back; exit code 1 where it does.
    Verify {
        /// A checkpoint that a partner kept, as GET /api/v1/audit/checkpoint answered it; may be given again.
        #[arg(long)]
        checkpoint: Vec<PathBuf>,
    },
}

/// Lists or checks. A hub may run meanwhile.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let witnesses = match &args.what {
        What::Verify { checkpoint } => checkpoint.iter().map(|file| read(file)).collect::<Result<_, _>>()?,
        What::List => vec![],
    };
    super::must_exist(&args.database)?;
    let database = store::shown(&args.database);
    let store = Store::open(&Settings { url: args.database, readers: 1 }).await?;
    let done = match args.what {
        What::List => list(&store).await,
        What::Verify { .. } => verify(&store, &database, &witnesses).await,
    };
    store.close().await;
    done
}

fn read(file: &Path) -> anyhow::Result<Checkpoint> {
    let read = || {
        let file: CheckpointFile = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        Checkpoint::try_from(file).map_err(|e| anyhow!(e))
    };
    read().with_context(|| format!("{} is no checkpoint", file.display()))
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
            print(&audit::line(&row, slug).to_string())?;
        }
    }
}

async fn verify(store: &Store, database: &str, witnesses: &[Checkpoint]) -> anyhow::Result<ExitCode> {
    let found = store.hub().verify_audit(witnesses).await?;
    let (rows, checkpoints, unsigned) = (found.rows, found.checkpoints, found.unsigned);
    print(&format!("{database}: {rows} rows and {checkpoints} checkpoints are as they were written; {unsigned} rows are not signed yet"))?;
    if !witnesses.is_empty() {
        print(&format!("{} kept checkpoints agree", witnesses.len()))?;
    }
    Ok(ExitCode::SUCCESS)
}
