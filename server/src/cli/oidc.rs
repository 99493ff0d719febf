//! `shieldwall admin oidc`: the identity providers at which organisations' people sign in.

use super::{
    admin::{find_org, table},
    options::AddressOptions,
    print,
};
use crate::auth::oidc::{handlers::SIGNED_OUT, parse_issuer};
use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand};
use domain::{Slug, Timestamp};
use std::{path::PathBuf, process::ExitCode};
use store::{OidcProvider, Store};

#[derive(Debug, Subcommand)]
pub enum OidcCommand {
    /// Gives an organisation its identity provider, in place of the one it has, and prints the address to register there.
    Set(Box<Set>),
    /// Lists the providers.
    List,
    /// Takes an organisation's provider away; links to it and sessions of their people end.
    Remove { org: Slug },
}

#[derive(ClapArgs, Debug)]
pub struct Set {
    /// The slug of the organisation, whose people alone it signs in.
    org: Slug,
    /// Its issuer identifier, as its tokens name it: https://…; http only on this machine.
    #[arg(long, value_parser = parse_issuer)]
    issuer: String,
    /// The hub's client id at the provider.
    #[arg(long)]
    client_id: String,
    /// The file with the client's secret. It is read at each sign-in and stays there; several hubs need it each under this path.
    #[arg(long)]
    client_secret_file: PathBuf,
    #[command(flatten)]
    hub: AddressOptions,
}

/// Sets, lists or removes.
pub async fn run(store: &Store, command: OidcCommand, now: Timestamp) -> anyhow::Result<ExitCode> {
    match command {
        OidcCommand::Set(set) => self::set(store, *set, now).await,
        OidcCommand::List => list(store).await,
        OidcCommand::Remove { org } => {
            let org = find_org(store, &org).await?;
            let Some(ended) = store.hub().remove_oidc_provider(org.id, now).await? else { bail!("{} has no identity provider", org.slug) };
            print(&format!("removed the identity provider of {}; {ended} linked identities ended", org.slug))
        }
    }
}

async fn set(store: &Store, set: Set, now: Timestamp) -> anyhow::Result<ExitCode> {
    let org = find_org(store, &set.org).await?;
    let file = &set.client_secret_file;
    let secret = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    if secret.trim().is_empty() {
        bail!("{} is empty", file.display());
    }
    if set.client_id.trim().is_empty() || set.client_id.contains(char::is_control) {
        bail!("the client id is empty");
    }
    // Hubs run elsewhere than this command.
    let file = std::path::absolute(file)?;
    let secret_file = file.to_str().context("the file's path must be UTF-8")?.to_owned();
    let ended = store.hub().set_oidc_provider(OidcProvider { org: org.id, issuer: set.issuer.clone(), client_id: set.client_id, secret_file }, now).await?;
    if ended > 0 {
        eprintln!("It is another issuer: {ended} linked identities ended.");
    }
    eprintln!("People of {} can link themselves at {} under Your account, or by their one-time link.", org.name, set.issuer);
    eprintln!("Register {}{SIGNED_OUT} there as the address after signing out, and as the address after signing in:", set.hub.base_url());
    print(&format!("{}/auth/oidc/callback/{}", set.hub.base_url(), org.slug))
}

async fn list(store: &Store) -> anyhow::Result<ExitCode> {
    let orgs = store.hub().organisations().await?;
    let slug = |provider: &OidcProvider| orgs.iter().find(|o| o.id == provider.org).map(|o| o.slug.clone()).unwrap_or_default();
    let rows = store.hub().oidc_providers().await?;
    table(&["ORGANISATION", "ISSUER", "CLIENT", "SECRET IN"], rows.into_iter().map(|p| vec![slug(&p), p.issuer, p.client_id, p.secret_file]))
}
