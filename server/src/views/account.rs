//! `/account`, and what `/signin/code` asks for.

use super::{Looking, Viewing, failed, from_store, shell};
use crate::auth::{
    begin::{ADDRESS, AGENT},
    factor, oidc, passkey, sessions,
};
use app::api::Answer;
use domain::view::*;
use serde_json::Value;
use std::collections::HashMap;
use store::{Factors, SessionRecord, UserRecord, audit::AuditRow};

/// Changes that the page lists.
const CHANGES: i64 = 20;

/// The viewer's own account.
///
/// # Errors
/// When the database cannot be read.
pub async fn account(viewing: &Viewing, l: &Looking) -> Answer<Account> {
    let who = viewing.who.as_ref().ok_or(Refusal::SignIn)?;
    let person = shell::shell(viewing)?.viewer.ok_or(Refusal::SignIn)?;
    let (hub, fault) = (l.app.store.hub(), from_store(l.now));
    let needs_factor = l.app.config.second_factor && who.user.role.needs_second_factor();
    let has = hub.factors(who.user.id).await.map_err(&fault)?;
    let waiting = factor::secret(&l.app, who.user.id).await.map_err(&fault)?.filter(|(_, confirmed)| !confirmed);
    let offer = match waiting {
        Some((secret, _)) => Some((factor::picture(&secret, &l.app.config.alliance, &who.user.email).map_err(failed)?, factor::typed(&secret))),
        None => None,
    };
    let passkeys = hub.passkeys(who.user.id).await.map_err(&fault)?;
    let sessions = hub.sessions_of(who.user.id, l.now).await.map_err(&fault)?;
    Ok(Account {
        person,
        factors: factors(l.app.passkeys.as_deref(), has),
        needs_factor,
        has_password: who.user.password_hash.is_some(),
        codes_left: has.codes,
        offer,
        provider: hub.oidc_provider(who.user.org).await.map_err(&fault)?.map(|p| p.issuer),
        identity_since: hub.identity_of(who.user.id).await.map_err(&fault)?.map(|(_, since)| since),
        codes: viewing.once.as_deref().unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        passkeys: passkeys
            .into_iter()
            .map(|p| PasskeyRow {
                id: p.id,
                name: p.name,
                created_at: p.created_at,
                last_used_at: p.last_used_at,
                may_go: !needs_factor || has.app || has.passkeys > 1,
            })
            .collect(),
        sessions: sessions.into_iter().map(|(hash, record)| row(hash, &record, who.session)).collect(),
        changes: changes(l, &who.user).await?,
        unseen: who.user.changed_at.is_some(),
    })
}

/// What was changed of the viewer's account, by whom.
async fn changes(l: &Looking, user: &UserRecord) -> Answer<Vec<AccountChangeRow>> {
    let (hub, fault) = (l.app.store.hub(), from_store(l.now));
    let rows = hub.account_changes(user.id, CHANGES).await.map_err(&fault)?;
    let names: HashMap<i64, String> = hub.people(Some(user.org)).await.map_err(&fault)?.into_iter().map(|p| (p.id, p.name)).collect();
    let row = |row: AuditRow| {
        let detail: Value = serde_json::from_str(&row.detail).unwrap_or_default();
        let name = |id: i64| names.get(&id).cloned().unwrap_or_else(|| "somebody".to_owned());
        let mut by = row.actor.user.map_or_else(|| "the hub's operator".to_owned(), name);
        if let Some(proposer) = detail["proposed_by"].as_i64() {
            by = format!("{by}, proposed by {}", name(proposer));
        }
        let detail = ["role", "passkey"].into_iter().find_map(|key| detail[key].as_str()).unwrap_or_default().to_owned();
        AccountChangeRow { at: row.at, action: row.action, detail, by, own: row.actor.user == Some(user.id) }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What is asked of whoever has typed the right password; of nobody, what everybody knows.
///
/// # Errors
/// When the database cannot be read.
pub async fn second_factors(viewing: &Viewing) -> Answer<SecondFactors> {
    let app = &viewing.app;
    let has = match viewing.waiting {
        Some(user) => app.store.hub().factors(user).await.map_err(from_store(app.clock.now()))?,
        None => Factors { app: true, ..Factors::default() },
    };
    Ok(factors(app.passkeys.as_deref(), has))
}

fn factors(place: Option<&passkey::Place>, has: Factors) -> SecondFactors {
    SecondFactors { app: has.app, passkey: has.passkeys > 0, passkeys_at: place.map(|place| place.origin.clone()) }
}

/// Whether strangers can sign in at some organisation's identity provider. Not which organisations have one.
///
/// # Errors
/// When the database cannot be read.
pub async fn oidc_offered(viewing: &Viewing) -> Answer<bool> {
    oidc::handlers::offered(&viewing.app).await.map_err(from_store(viewing.app.clock.now()))
}

/// The organisation whose identity provider stands open to whoever has a one-time link.
///
/// # Errors
/// When the database cannot be read.
pub async fn oidc_offered_to(viewing: &Viewing, token: &str) -> Answer<Option<String>> {
    let now = viewing.app.clock.now();
    let org = oidc::handlers::offered_to(&viewing.app, token, now).await.map_err(from_store(now))?;
    Ok(org.and_then(|org| viewing.app.live.board().org(org).map(|o| o.info.name.clone())))
}

fn row(hash: [u8; 32], record: &SessionRecord, own: [u8; 32]) -> SessionRow {
    let data: Value = serde_json::from_str(&record.data).unwrap_or_default();
    let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    SessionRow {
        id: hash.iter().map(|b| format!("{b:02x}")).collect(),
        begun_at: record.absolute_at.plus(-sessions::ABSOLUTE),
        idle_until: record.expires_at,
        address: text(ADDRESS),
        agent: text(AGENT),
        current: hash == own,
    }
}
