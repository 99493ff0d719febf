//! Fills an empty database with the alliance's past.

use super::{
    cast::{self, GROUP, INTERVAL, NUMBERS_ONLY, PARTNERS, PEOPLE},
    history, incidents, indicators,
};
use crate::{
    App,
    api::submit::{Submission, submit},
    auth::password,
    clock::Clock,
    live,
    policy::default_policy,
};
use anyhow::{Context, bail};
use domain::{
    DAY, HOUR, Level, OrgId, Timestamp,
    decision::{AlertLevel, Effect, Right},
    sharing::{Audience, GroupId},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{Mode, Org, Settings, Store, What};

/// The mark of a database that the demo made.
const MADE: &str = "demo";
/// Raw values as retention would have left them, hourly rollups fewer, so that the demo starts sooner.
const RAW_DAYS: i64 = 90;
const HOURLY_DAYS: i64 = 100;

/// Whether the demo made the database at `url`.
///
/// # Errors
/// When it cannot be opened.
pub async fn made(url: &str) -> anyhow::Result<bool> {
    let store = Store::open(&Settings { url: url.to_owned(), readers: 1 }).await?;
    let made = store.hub().meta(MADE).await?.is_some();
    store.close().await;
    Ok(made)
}

/// Steps of [`load_history`] and [`load_records`] together, as their `step` counts them.
pub const STEPS: u64 = 2 * PARTNERS.len() as u64;

/// Makes the organisations with their metrics' history; false when the demo had done so before. Calls `step` after each.
///
/// # Errors
/// When the database fails, or holds what the demo did not make.
pub async fn load_history(url: &str, clock: &Clock, step: impl Fn()) -> anyhow::Result<bool> {
    let now = clock.now();
    let store = Store::open(&Settings { url: url.to_owned(), readers: 1 }).await?;
    let hub = store.hub();
    if hub.meta(MADE).await?.is_some() {
        store.close().await;
        return Ok(false);
    }
    if !hub.organisations().await?.is_empty() {
        bail!("{} holds an alliance that the demo did not make; name another database", store::shown(url));
    }
    hub.set_meta(MADE, now.rfc3339()).await?;
    let policy = hub.policy().await?.unwrap_or_else(default_policy);
    for (no, p) in PARTNERS.iter().enumerate() {
        let org = Org {
            id: OrgId(0),
            slug: p.slug.to_owned(),
            name: p.name.to_owned(),
            sector: p.sector.to_owned(),
            country: p.country.to_owned(),
            assets: Some(p.assets),
            interval: INTERVAL,
            weight: p.weight,
            last_data_at: None,
            confirmed: true,
        };
        let id = hub.add_organisation(org, now.plus(-history::DAYS * DAY)).await?;
        let series = history::series(no, p, &policy, now);
        hub.load_history(id, series, now.plus(-RAW_DAYS * DAY), now.plus(-HOURLY_DAYS * DAY)).await?;
        tracing::debug!(partner = p.slug, "demo: history loaded");
        step();
    }
    store.close().await;
    Ok(true)
}

/// Sends two years of records through the validation of a push, makes the daily scores, and adds the people. Calls `step` after each
/// organisation.
///
/// # Errors
/// When the database fails, or a record is refused.
pub async fn load_records(app: &App, step: impl Fn()) -> anyhow::Result<()> {
    let now = app.clock.now();
    let orgs = app.store.hub().organisations().await?;
    let mut past: Vec<_> = incidents::reports(now).into_iter().zip(indicators::reports(now)).map(Some).collect();
    for (no, partner) in PARTNERS.iter().enumerate() {
        let org = orgs.iter().find(|o| o.slug == partner.slug).with_context(|| format!("{} is missing", partner.slug))?;
        let Some((reports, indicators)) = past[no].take() else { continue };
        for revision in reports.revisions {
            send(app, org, What::Incidents, revision).await?;
        }
        send(app, org, What::Events, reports.events).await?;
        if partner.slug == indicators::HASHING {
            app.store.hub().set_hashes(org.id, true, now).await?;
        }
        let indicators =
            if partner.slug == indicators::HASHING { indicators::hashed(indicators, &app.store.alliance_keys().await?.current)? } else { indicators };
        send(app, org, What::Indicators, indicators).await?;
        for window in indicators::counts(no, now) {
            push(app, org, What::IndicatorCounts, &window).await?;
        }
        live::history::rebuild(app, org.id, now.plus(-history::DAYS * DAY)).await?;
        tracing::debug!(partner = partner.slug, "demo: records loaded");
        step();
    }
    let group = sharing(app, &orgs, now).await?;
    people(app, &orgs, now).await?;
    open_matters(app, &orgs, group, now).await
}

/// What the partners agreed: a sharing group, and two that share numbers of a class instead of its records.
async fn sharing(app: &App, orgs: &[Org], now: Timestamp) -> anyhow::Result<GroupId> {
    let hub = app.store.hub();
    let find = |slug: &str| orgs.iter().find(|o| o.slug == slug).map(|o| o.id).with_context(|| format!("{slug} is missing"));
    let (name, members) = GROUP;
    let first = find(members[0])?;
    let group = hub.add_group(first, name.to_owned(), true, now).await?;
    for slug in &members[1..] {
        hub.invite(group, first, find(slug)?, now).await?;
        hub.join(group, find(slug)?, now).await?;
    }
    for (slug, class) in NUMBERS_ONLY {
        hub.set_rule(find(slug)?, class, Audience::Everyone, Some(Level::Summary), now).await?;
    }
    Ok(group)
}

async fn send(app: &App, org: &Org, what: What, items: Vec<Value>) -> anyhow::Result<()> {
    for chunk in items.chunks(1_000) {
        push(app, org, what, &json!({ "items": chunk })).await?;
    }
    Ok(())
}

async fn push(app: &App, org: &Org, what: What, body: &Value) -> anyhow::Result<()> {
    let submission = Submission {
        org: org.id,
        org_slug: org.slug.clone(),
        key_id: None,
        key_name: "demo history".to_owned(),
        what,
        mode: Mode::Delta,
        as_of: None,
        strict: true,
        dry_run: false,
        backfill: true,
        ndjson: false,
        body: serde_json::to_vec(body)?,
        user_agent: concat!("shieldwall-demo/", env!("CARGO_PKG_VERSION")).to_owned(),
        idempotency: None,
        expected_revision: None,
    };
    match submit(app, submission).await {
        Ok(_) => Ok(()),
        Err(problem) => bail!("{} of {}: {} {:?}", what.name(), org.slug, problem.detail, problem.errors.first()),
    }
}

/// The demo's people, with the passwords that its sign-in page shows.
async fn people(app: &App, orgs: &[Org], now: Timestamp) -> anyhow::Result<()> {
    for (role, name, email, secret, slug) in PEOPLE {
        let org = orgs.iter().find(|o| o.slug == slug).with_context(|| format!("{slug} is missing"))?;
        let hash = password::hash(secret).await?;
        app.store.hub().add_user(org.id, email.to_owned(), name.to_owned(), role, Some(hash), now).await?;
    }
    Ok(())
}

/// What waits for somebody: a decision with the first votes in, and an invitation that a second administrator has to approve.
async fn open_matters(app: &App, orgs: &[Org], group: GroupId, now: Timestamp) -> anyhow::Result<()> {
    let hub = app.store.hub();
    let find = |slug: &str| orgs.iter().find(|o| o.slug == slug).map(|o| o.id).with_context(|| format!("{slug} is missing"));
    let mut people = BTreeMap::new();
    for (_, _, email, _, slug) in PEOPLE {
        let user = hub.users_by_email(email).await?.into_iter().next().with_context(|| format!("{email} is missing"))?;
        people.insert(email, (find(slug)?, user.id));
    }
    let effect = Effect::AlertLevel { level: AlertLevel::Elevated };
    let right = hub.decision_rights().await?.into_iter().find(|r| r.kind == effect.kind()).unwrap_or_else(|| Right::default_of(effect.kind()));
    let id = hub.propose(effect, cast::RAISED_BECAUSE.to_owned(), people[cast::PROPOSER], &right, now.plus(-3 * HOUR)).await?;
    for (email, choice, reason) in cast::FIRST_VOTES {
        hub.vote(id, people[email], choice, reason.to_owned(), now.plus(-2 * HOUR)).await?;
    }
    let (by, guest) = cast::INVITES;
    let (org, user) = people[by];
    hub.propose_member(org, group, find(guest)?, user, now.plus(-HOUR)).await?;
    Ok(())
}
