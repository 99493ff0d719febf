//! `shieldwall admin sharing` and `shieldwall admin group`: who is shown what. A running hub goes by a change within 5 s.

use super::admin::{find_org, named, table};
use super::print;
use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand};
use domain::{DataClass, Level, Slug, Timestamp, sharing::Audience};
use std::process::ExitCode;
use store::{Group, Store, StoreError};

#[derive(Debug, Subcommand)]
pub enum SharingCommand {
    /// Sets what an organisation lets an audience see of one class of its data.
    Set(Set),
    /// Takes a rule away, so that the next wider audience's decides.
    Unset(Unset),
    /// Lets an organisation take part in comparing keyed hashes, which gives its API keys the alliance's key; or ends that.
    Hashes(Hashes),
    /// Lists an organisation's rules, and what each other organisation sees by them.
    List(List),
}

#[derive(ClapArgs, Debug)]
pub struct Which {
    /// The slug of the organisation whose data it is.
    #[arg(long)]
    org: Slug,
    /// posture, incidents, events or indicators.
    #[arg(long)]
    class: DataClass,
    /// `everyone`, `group:` and the group's name, or `org:` and a slug. The narrowest audience decides.
    #[arg(long, default_value = "everyone")]
    audience: String,
}

#[derive(ClapArgs, Debug)]
pub struct Set {
    #[command(flatten)]
    which: Which,
    /// none, aggregate, summary or detail.
    #[arg(long)]
    level: Level,
}

#[derive(ClapArgs, Debug)]
pub struct Unset {
    #[command(flatten)]
    which: Which,
}

#[derive(ClapArgs, Debug)]
pub struct Hashes {
    #[arg(long)]
    org: Slug,
    /// Ends it.
    #[arg(long)]
    stop: bool,
}

#[derive(ClapArgs, Debug)]
pub struct List {
    #[arg(long)]
    org: Slug,
}

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Makes a sharing group; its maker is its first member.
    Add(Add),
    /// Invites an organisation, on behalf of a member.
    Invite(Invite),
    /// Joins a group that invited the organisation.
    Join(Named),
    /// Leaves a group.
    Leave(Named),
    /// Lists the groups.
    List,
}

#[derive(ClapArgs, Debug)]
pub struct Add {
    #[command(flatten)]
    group: Named,
    /// Shows those who join later also what was handed in before.
    #[arg(long)]
    earlier: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Named {
    /// The group's name.
    name: String,
    /// The organisation on whose behalf.
    #[arg(long)]
    org: Slug,
}

#[derive(ClapArgs, Debug)]
pub struct Invite {
    /// The group's name.
    name: String,
    /// The member on whose behalf.
    #[arg(long)]
    by: Slug,
    /// The organisation that is invited.
    #[arg(long)]
    org: Slug,
}

/// Does one thing to the rules.
pub async fn sharing(store: &Store, command: SharingCommand, now: Timestamp) -> anyhow::Result<ExitCode> {
    match command {
        SharingCommand::Set(Set { which, level }) => rule(store, which, Some(level), now).await,
        SharingCommand::Unset(Unset { which }) => rule(store, which, None, now).await,
        SharingCommand::Hashes(Hashes { org, stop }) => {
            let org = find_org(store, &org).await?;
            store.hub().set_hashes(org.id, !stop, now).await?;
            print(&format!("{} {} in comparing keyed hashes", org.slug, if stop { "does not take part" } else { "takes part" }))
        }
        SharingCommand::List(list) => show(store, &list.org).await,
    }
}

async fn rule(store: &Store, which: Which, level: Option<Level>, now: Timestamp) -> anyhow::Result<ExitCode> {
    let owner = find_org(store, &which.org).await?;
    let audience = match which.audience.split_once(':') {
        None if which.audience == "everyone" => Audience::Everyone,
        Some(("group", name)) => Audience::Group(group(store, name).await?.id),
        Some(("org", slug)) => Audience::Organisation(find_org(store, &slug.parse().map_err(anyhow::Error::msg)?).await?.id),
        _ => bail!("--audience must be everyone, group:NAME or org:SLUG"),
    };
    // Whoever has the database needs nobody's agreement; the organisation is to know.
    let orgs = store.hub().organisations().await?;
    if store.hub().sharing().await?.widens(orgs.iter().map(|o| o.id), owner.id, which.class, audience, level) {
        eprintln!(
            "This shows somebody more of {}. That the hub's command line did it, and no administrator of theirs, stands in their audit trail.",
            owner.slug
        );
    }
    store.hub().set_rule(owner.id, which.class, audience, level, now).await?;
    let word = level.map_or("whatever the next wider audience sees", Level::name);
    print(&format!("{} shows {} of its {}: {word}", owner.slug, which.audience, which.class.name()))
}

async fn show(store: &Store, slug: &Slug) -> anyhow::Result<ExitCode> {
    let owner = find_org(store, slug).await?;
    let (sharing, groups, orgs) = (store.hub().sharing().await?, store.hub().groups().await?, store.hub().organisations().await?);
    let name = |audience| match audience {
        Audience::Everyone => "everyone".to_owned(),
        Audience::Group(id) => format!("group:{}", groups.iter().find(|g| g.id == id).map_or("?", |g| g.name.as_str())),
        Audience::Organisation(id) => format!("org:{}", orgs.iter().find(|o| o.id == id).map_or("?", |o| o.slug.as_str())),
    };
    let rules = sharing.rules_of(owner.id).map(|rule| vec![rule.class.name().to_owned(), name(rule.audience), rule.level.name().to_owned()]);
    table(&["CLASS", "AUDIENCE", "LEVEL"], rules)?;
    print("")?;
    if !sharing.is_confirmed(owner.id) {
        eprintln!("{} has not confirmed yet what it shares: nobody sees anything of it.", owner.slug);
    }
    for (class, now, offered) in sharing.offered(owner.id) {
        eprintln!(
            "The alliance's default would show everyone {} of its {}; it has confirmed {}, and that stays until it changes it.",
            offered.name(),
            class.name(),
            now.name()
        );
    }
    let outcome = orgs.iter().filter(|o| o.id != owner.id).map(|o| {
        let levels = DataClass::ALL.map(|class| sharing.level(o.id, owner.id, class).name().to_owned());
        [vec![o.slug.clone()], levels.to_vec()].concat()
    });
    let classes = DataClass::ALL.map(|class| class.name().to_uppercase());
    table(&[&["WHO SEES"][..], &classes.each_ref().map(String::as_str)].concat(), outcome)
}

/// Does one thing to the sharing groups.
pub async fn groups(store: &Store, command: GroupCommand, now: Timestamp) -> anyhow::Result<ExitCode> {
    let hub = store.hub();
    match command {
        GroupCommand::Add(Add { group: add, earlier }) => {
            let name = named("the group's name", &add.name)?;
            match hub.add_group(find_org(store, &add.org).await?.id, name.clone(), earlier, now).await {
                Err(StoreError::Exists(_)) => bail!("there is a sharing group {name:?} already"),
                done => done?,
            };
            print(&format!("made {name:?}; {} is its first member", add.org))
        }
        GroupCommand::Invite(invite) => {
            let (by, org) = (find_org(store, &invite.by).await?, find_org(store, &invite.org).await?);
            if !hub.invite(group(store, &invite.name).await?.id, by.id, org.id, now).await? {
                bail!("{} is no member of {:?}", by.slug, invite.name);
            }
            print(&format!("{} is invited to {:?}", org.slug, invite.name))
        }
        GroupCommand::Join(join) => {
            let org = find_org(store, &join.org).await?;
            if !hub.join(group(store, &join.name).await?.id, org.id, now).await? {
                bail!("{:?} has not invited {}", join.name, org.slug);
            }
            print(&format!("{} joined {:?}", org.slug, join.name))
        }
        GroupCommand::Leave(leave) => {
            let org = find_org(store, &leave.org).await?;
            if !hub.leave(group(store, &leave.name).await?.id, org.id, now).await? {
                bail!("{} is neither in {:?} nor invited", org.slug, leave.name);
            }
            print(&format!("{} left {:?}", org.slug, leave.name))
        }
        GroupCommand::List => {
            let orgs = hub.organisations().await?;
            let slug = |id| orgs.iter().find(|o| o.id == id).map_or_else(String::new, |o| o.slug.clone());
            let of = |group: &Group, joined| group.members.iter().filter(|m| m.1 == joined).map(|m| slug(m.0)).collect::<Vec<_>>().join(", ");
            table(
                &["GROUP", "MADE BY", "EARLIER DATA", "MEMBERS", "INVITED"],
                hub.groups()
                    .await?
                    .iter()
                    .map(|g| vec![g.name.clone(), slug(g.owner), if g.earlier { "shown" } else { "kept" }.to_owned(), of(g, true), of(g, false)]),
            )
        }
    }
}

async fn group(store: &Store, name: &str) -> anyhow::Result<Group> {
    let mut groups: Vec<Group> = store.hub().groups().await?.into_iter().filter(|g| g.name == name).collect();
    if groups.len() > 1 {
        bail!("{} organisations have made a sharing group {name:?}; its members join, leave and share with it at /admin/groups", groups.len());
    }
    groups.pop().with_context(|| format!("there is no sharing group {name:?} (admin group list shows all)"))
}
