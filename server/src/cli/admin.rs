//! `shieldwall admin`: organisations, people and API keys, directly in the database. A running hub sees a change within 5 s.

use super::{
    decisions::{self, DecisionCommand},
    hub_key::{self, HubKeyCommand},
    oidc::{self, OidcCommand},
    options::{AddressOptions, offline},
    parse_duration, print,
    serve::DATABASE,
    sharing::{self, GroupCommand, SharingCommand},
};
use crate::{
    App,
    auth::{keys, links},
    clock::Clock,
};
use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand};
use domain::{Role, Slug, Timestamp, timestamp};
use std::process::ExitCode;
use store::{KeyRecord, Org, Settings, Store, StoreError, Turned, UserRecord, audit::Actor};

#[derive(ClapArgs, Debug)]
pub struct Args {
    /// The database: sqlite://path (the first `org add` makes it) or postgres://user:password@host/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = DATABASE, global = true)]
    database: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Organisations.
    #[command(subcommand)]
    Org(OrgCommand),
    /// People.
    #[command(subcommand)]
    User(UserCommand),
    /// API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// What organisations show each other.
    #[command(subcommand)]
    Sharing(SharingCommand),
    /// Sharing groups.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Identity providers at which organisations' people sign in (OpenID Connect).
    #[command(subcommand)]
    Oidc(OidcCommand),
    /// Who may propose and vote on what.
    #[command(subcommand)]
    Decision(DecisionCommand),
    /// The hub's own keys: the one that signs the audit trail, and the one that seals secrets in the database.
    #[command(subcommand)]
    HubKey(HubKeyCommand),
}

#[derive(Debug, Subcommand)]
enum OrgCommand {
    /// Adds an organisation.
    Add(OrgAdd),
    /// Gives an organisation another name, or another slug. Links and pushes with the former slug go on working.
    Rename(OrgRename),
    /// Lists the organisations.
    List,
}

#[derive(ClapArgs, Debug)]
struct OrgRename {
    /// The organisation's slug.
    slug: Slug,
    /// Its new name for people.
    #[arg(long, required_unless_present = "new_slug")]
    name: Option<String>,
    /// Its new name in addresses.
    #[arg(long = "slug")]
    new_slug: Option<Slug>,
}

#[derive(ClapArgs, Debug)]
struct OrgAdd {
    /// Its name in addresses: a-z, 0-9 and hyphens.
    slug: Slug,
    /// Its name for people.
    #[arg(long)]
    name: String,
    /// Such as energy, banking, healthcare.
    #[arg(long, default_value = "other")]
    sector: String,
    /// Two letters of ISO 3166.
    #[arg(long, value_parser = parse_country)]
    country: String,
    /// Number of assets: its size.
    #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
    assets: Option<i64>,
    /// How often it is expected to push; what freshness is measured by.
    #[arg(long, default_value = "5m", value_parser = parse_duration)]
    interval: i64,
    /// Its weight in the collective score.
    #[arg(long, default_value = "1", value_parser = parse_weight)]
    weight: f64,
    /// It takes part only once the alliance admits it by a decision.
    #[arg(long)]
    candidate: bool,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Adds a person and prints a one-time link to set the first password.
    Add(Box<UserAdd>),
    /// Takes the second factors of somebody away (app, passkeys, recovery codes) who lost them.
    ResetFactor(Whom),
    /// Prints a new one-time link for somebody; older ones end.
    Link(Box<UserLink>),
    /// Gives somebody another role.
    Role {
        #[command(flatten)]
        whom: Whom,
        /// executive, analyst, org_admin; of the hub's own organisation also coordinator, steward, auditor.
        #[arg(long)]
        role: Role,
    },
    /// Keeps somebody out: sessions, open pages and one-time links end.
    Disable(Whom),
    /// Lets somebody sign in again.
    Enable(Whom),
    /// Takes the authenticator apps of all people away, where the key that seals their secrets is lost; the next start of a hub makes another.
    ForgetApps,
}

/// One person. What is done to an account here is told to its owner, and of an auditor to every organisation.
#[derive(ClapArgs, Debug)]
struct Whom {
    email: String,
    /// The slug of the person's organisation, where several have somebody of this mail address.
    #[arg(long)]
    org: Option<Slug>,
}

#[derive(ClapArgs, Debug)]
struct UserLink {
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    hub: AddressOptions,
}

#[derive(ClapArgs, Debug)]
struct UserAdd {
    email: String,
    #[arg(long)]
    name: String,
    /// The slug of the person's organisation.
    #[arg(long)]
    org: Slug,
    /// executive, analyst, org_admin; of the hub's own organisation also coordinator, steward, auditor.
    #[arg(long)]
    role: Role,
    #[command(flatten)]
    hub: AddressOptions,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Makes a key and prints it, this once, on standard output.
    Create(KeyCreate),
    /// Ends a key.
    Revoke(KeyRevoke),
    /// Lists an organisation's keys, without their secrets.
    List(KeyList),
}

#[derive(ClapArgs, Debug)]
struct KeyCreate {
    #[arg(long)]
    org: Slug,
    /// What the key is for; unique within the organisation.
    #[arg(long)]
    name: String,
    /// What it may push, separated by commas. `backfill` allows data older than 30 days.
    #[arg(long, value_delimiter = ',', default_values = keys::USUAL, value_parser = parse_scope)]
    scopes: Vec<String>,
    /// How long it lives, such as 90d.
    #[arg(long, default_value = "90d", value_parser = parse_duration)]
    expires: i64,
}

#[derive(ClapArgs, Debug)]
struct KeyRevoke {
    #[arg(long)]
    org: Slug,
    #[arg(long)]
    name: String,
}

#[derive(ClapArgs, Debug)]
struct KeyList {
    #[arg(long)]
    org: Slug,
}

/// Does one thing to the database.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let clock = Clock::default();
    let now = clock.now();
    // The first organisation makes a new hub's database; whatever else is asked is asked of one that is there.
    if !matches!(args.what, What::Org(OrgCommand::Add(_))) {
        super::must_exist(&args.database)?;
    }
    let store = Store::open(&Settings { url: args.database.clone(), readers: 1 }).await?;
    let done = match args.what {
        What::Org(OrgCommand::Add(add)) => add_org(&store, add, now).await,
        What::Org(OrgCommand::Rename(rename)) => rename_org(&store, rename, now).await,
        What::Org(OrgCommand::List) => list_orgs(&store).await,
        What::Key(KeyCommand::Create(create)) => create_key(&store, create, now).await,
        What::Key(KeyCommand::Revoke(revoke)) => revoke_key(&store, revoke, now).await,
        What::Key(KeyCommand::List(list)) => list_keys(&store, list, now).await,
        What::Sharing(command) => sharing::sharing(&store, command, now).await,
        What::Oidc(command) => oidc::run(&store, command, now).await,
        What::HubKey(command) => hub_key::run(&store, &args.database, command, now).await,
        What::Decision(command) => decisions::run(&store, command, now).await,
        What::Group(command) => sharing::groups(&store, command, now).await,
        What::User(UserCommand::ResetFactor(whom)) => reset_factor(&store, &whom, now).await,
        What::User(UserCommand::Link(link)) => link_user(&store, *link, now).await,
        What::User(UserCommand::Role { whom, role }) => {
            let user = find_user(&store, &whom).await?;
            turned(&whom, store.hub().set_role(user.org, user.id, role, now).await?, &format!("is {role} now"))
        }
        What::User(UserCommand::Disable(whom)) => {
            let user = find_user(&store, &whom).await?;
            turned(&whom, store.hub().disable_user(user.org, user.id, now).await?, "may not sign in any more")
        }
        What::User(UserCommand::Enable(whom)) => {
            let user = find_user(&store, &whom).await?;
            turned(&whom, store.hub().enable_user(user.org, user.id, now).await?, "may sign in again")
        }
        What::User(UserCommand::ForgetApps) => {
            let apps = store.hub().forget_apps(now).await?;
            print(&format!("{apps} authenticator apps are gone, and with them the lost sealing key"))
        }
        What::User(UserCommand::Add(add)) => {
            let app = App::open(offline(), &args.database, clock).await?;
            let done = add_user(&app, *add, now).await;
            app.live.stop();
            app.store.close().await;
            done
        }
    };
    store.close().await;
    done
}

async fn add_org(store: &Store, add: OrgAdd, now: Timestamp) -> anyhow::Result<ExitCode> {
    let name = named("the organisation's name", &add.name)?;
    let org = Org {
        id: domain::OrgId(0),
        slug: add.slug.to_string(),
        name: name.clone(),
        sector: named("the sector", &add.sector)?,
        country: add.country,
        assets: add.assets,
        interval: add.interval,
        weight: add.weight,
        last_data_at: None,
        confirmed: false,
    };
    let added = if add.candidate { store.hub().add_candidate(org, now).await } else { store.hub().add_organisation(org, now).await };
    match added {
        Err(StoreError::Exists(_)) => bail!("there is an organisation {} already", add.slug),
        done => done?,
    };
    if add.candidate {
        eprintln!("It takes part once the alliance admits it: a coordinator or steward proposes that at /decisions.");
    }
    eprintln!("What it pushes counts for others once one of its administrators has confirmed at /admin/sharing what it shares.");
    print(&format!("added {} ({name})", add.slug))
}

async fn rename_org(store: &Store, rename: OrgRename, now: Timestamp) -> anyhow::Result<ExitCode> {
    let org = find_org(store, &rename.slug).await?;
    let name = rename.name.map(|name| named("the organisation's name", &name)).transpose()?;
    let slug = rename.new_slug.map(|slug| slug.to_string());
    match store.hub().rename_organisation(org.id, name.clone(), slug.clone(), now).await {
        Err(StoreError::Exists(_)) => bail!("{} is another organisation's slug, or was", slug.unwrap_or_default()),
        done => done?,
    }
    let (name, slug) = (name.unwrap_or_else(|| org.name.clone()), slug.unwrap_or_else(|| org.slug.clone()));
    print(&format!("{slug} is {name:?} from now on; before, {} was {:?}", org.slug, org.name))
}

async fn list_orgs(store: &Store) -> anyhow::Result<ExitCode> {
    let orgs = store.hub().organisations().await?;
    let rows = orgs.into_iter().map(|o| {
        let (assets, seen) = (o.assets.map_or_else(String::new, |n| n.to_string()), o.last_data_at.map_or_else(|| "never".to_owned(), Timestamp::rfc3339));
        vec![o.slug, o.name, o.sector, o.country, assets, timestamp::duration(o.interval), o.weight.to_string(), seen]
    });
    table(&["SLUG", "NAME", "SECTOR", "COUNTRY", "ASSETS", "INTERVAL", "WEIGHT", "LAST DATA"], rows)
}

async fn add_user(app: &App, add: UserAdd, now: Timestamp) -> anyhow::Result<ExitCode> {
    let email = add.email.trim();
    if !email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.')) || email.contains(char::is_whitespace) {
        bail!("{email:?} is not a mail address");
    }
    let org = find_org(&app.store, &add.org).await?;
    let id = match app.store.hub().add_user(org.id, email.to_owned(), named("the person's name", &add.name)?, add.role, None, now).await {
        Err(StoreError::Exists(_)) => bail!("there is a person with the mail address {email} already"),
        done => done?,
    };
    let token = links::new_link(app, Actor::default(), id).await?;
    eprintln!("{email} ({}, {}) sets a password here, once, within 7 days:", add.role, org.name);
    print(&format!("{}/welcome/{token}", add.hub.base_url()))
}

/// The person that a command names.
async fn find_user(store: &Store, whom: &Whom) -> anyhow::Result<UserRecord> {
    let org = match &whom.org {
        Some(slug) => Some(find_org(store, slug).await?.id),
        None => None,
    };
    let mut found = store.hub().users_by_email(&whom.email).await?;
    found.retain(|user| org.is_none_or(|org| org == user.org));
    if found.len() > 1 {
        bail!("several organisations have somebody with the mail address {}; say which with --org", whom.email);
    }
    found.pop().with_context(|| format!("there is nobody with the mail address {}", whom.email))
}

async fn reset_factor(store: &Store, whom: &Whom, now: Timestamp) -> anyhow::Result<ExitCode> {
    let (user, email) = (find_user(store, whom).await?, &whom.email);
    if !store.hub().reset_factors(user.id, now).await? {
        bail!("{email} has no second factor");
    }
    print(&format!("every second factor of {email} is gone; the next sign-in asks for none, and where the role needs one, for a new one"))
}

async fn link_user(store: &Store, link: UserLink, now: Timestamp) -> anyhow::Result<ExitCode> {
    let user = find_user(store, &link.whom).await?;
    let token = links::token(user.id, &links::secret());
    if !store.hub().add_signin_link(user.id, links::hash(&token), now.plus(links::LASTS), now).await? {
        bail!("{} is disabled", user.email);
    }
    eprintln!("{} ({}) sets a new password here, once, within 7 days; older links have ended:", user.email, user.role);
    print(&format!("{}/welcome/{token}", link.hub.base_url()))
}

/// Says what became of a change of a person.
fn turned(whom: &Whom, turned: Turned, done: &str) -> anyhow::Result<ExitCode> {
    match turned {
        Turned::Done => print(&format!("{} {done}", whom.email)),
        Turned::Gone => bail!("there is nobody with the mail address {}", whom.email),
        Turned::LastAdmin => bail!("{} is the organisation's last administrator who can sign in; add another one first", whom.email),
    }
}

async fn create_key(store: &Store, create: KeyCreate, now: Timestamp) -> anyhow::Result<ExitCode> {
    let org = find_org(store, &create.org).await?;
    let name = named("the key's name", &create.name)?;
    let key = keys::generate(&mut rand::rng());
    let expires_at = now.plus(create.expires);
    let record = KeyRecord {
        id: 0,
        org: org.id,
        name: name.clone(),
        hint: keys::hint(&key),
        scopes: create.scopes.join(" "),
        created_at: now,
        expires_at: Some(expires_at),
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    };
    match store.hub().add_key(record, keys::hash(&key)).await {
        Err(StoreError::Exists(_)) => bail!("{} has, or had, a key named {name:?}; names are not used twice", org.slug),
        done => done?,
    }
    eprintln!("Key {name:?} of {} ({}), until {}. It is shown this once:", org.name, create.scopes.join(", "), expires_at.date());
    print(&key)
}

async fn revoke_key(store: &Store, revoke: KeyRevoke, now: Timestamp) -> anyhow::Result<ExitCode> {
    let org = find_org(store, &revoke.org).await?;
    if !store.hub().revoke_key(org.id, revoke.name.clone(), now).await? {
        bail!("{} has no live key named {:?}", org.slug, revoke.name);
    }
    print(&format!("revoked {:?} of {}", revoke.name, org.slug))
}

async fn list_keys(store: &Store, list: KeyList, now: Timestamp) -> anyhow::Result<ExitCode> {
    let org = find_org(store, &list.org).await?;
    let rows = store.hub().keys(org.id).await?.into_iter().map(|k| {
        let state = match (k.revoked_at, k.expires_at) {
            (Some(at), _) => format!("revoked {}", at.date()),
            (None, Some(at)) if at <= now => format!("expired {}", at.date()),
            (None, Some(at)) => format!("until {}", at.date()),
            (None, None) => "live".to_owned(),
        };
        vec![k.name, k.hint, k.scopes, state, k.last_used_at.map_or_else(|| "never".to_owned(), Timestamp::rfc3339)]
    });
    table(&["NAME", "KEY", "SCOPES", "STATE", "LAST USED"], rows)
}

/// An organisation by its slug.
pub async fn find_org(store: &Store, slug: &Slug) -> anyhow::Result<Org> {
    let mut orgs = store.hub().organisations().await?;
    if !orgs.iter().any(|o| o.slug == slug.as_str()) {
        let former = store.hub().former_slugs().await?.into_iter().find(|(former, _)| former == slug.as_str());
        return orgs.into_iter().find(|o| former.as_ref().is_some_and(|(_, of)| o.id == *of)).with_context(|| no_org(slug));
    }
    orgs.retain(|o| o.slug == slug.as_str());
    orgs.pop().with_context(|| no_org(slug))
}

fn no_org(slug: &Slug) -> String {
    format!("there is no organisation {slug} (admin org list shows all)")
}

/// A name for people: trimmed, with something to see, of sensible length.
pub fn named(what: &str, text: &str) -> anyhow::Result<String> {
    domain::text::name(text, 200).map_err(|wrong| anyhow::anyhow!("{what} {wrong}"))
}

pub fn parse_country(text: &str) -> Result<String, String> {
    let upper = text.trim().to_ascii_uppercase();
    if upper.len() == 2 && upper.bytes().all(|b| b.is_ascii_uppercase()) { Ok(upper) } else { Err("must be two letters, such as DE".to_owned()) }
}

pub fn parse_weight(text: &str) -> Result<f64, String> {
    text.trim().parse().ok().filter(|w: &f64| *w > 0.0 && *w <= 1_000.0).ok_or_else(|| "must be a number above 0, at most 1000".to_owned())
}

fn parse_scope(text: &str) -> Result<String, String> {
    if keys::SCOPES.contains(&text) { Ok(text.to_owned()) } else { Err(format!("must be of {}", keys::SCOPES.join(", "))) }
}

/// Columns as wide as their widest cell.
pub fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> anyhow::Result<ExitCode> {
    let mut all = vec![head.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>()];
    all.extend(rows);
    let widths: Vec<usize> = (0..head.len()).map(|c| all.iter().map(|row| row[c].chars().count()).max().unwrap_or(0)).collect();
    for row in all {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        print(line.join("  ").trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_checked_where_they_come_in() {
        assert_eq!(parse_country(" de "), Ok("DE".to_owned()));
        assert!(parse_country("DEU").is_err() && parse_country("ä").is_err());
        assert!(parse_weight("0").is_err() && parse_weight("nan").is_err() && parse_weight("2.5").is_ok());
        assert!(parse_scope("metrics").is_ok() && parse_scope("everything").is_err());
        assert!(named("it", " ").is_err() && named("it", " a ").is_ok_and(|n| n == "a"));
    }
}
