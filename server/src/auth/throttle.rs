//! Attempts at secrets that can be guessed: counted in the database, so that several hubs count together and a restart forgives nothing.
//!
//! Who guesses slows down guesses of the same kind, and nobody else:
//!
//! * A browser that the account was used in before ([`super::browser`]) has attempts of its own, and so has a session. Nothing that happens elsewhere
//!   takes any of them.
//! * All other browsers are strangers. Their networks are dealt out, for each account anew and in a way that nobody outside can foresee, over
//!   [`SHARES`] shares, and each share has its own attempts. Whoever guesses from one network uses up one share; the account's owner at a new browser is
//!   most likely in another. Whoever guesses from many networks at once can use up all: then the owner needs a browser that is known, a one-time
//!   link, or the organisation's own sign-in. That is the price of the bound: in any span of time strangers have at most
//!   [`SHARES`] × ([`PER_SHARE`] + the span / [`SHARE_REFILLS`]) guesses at an account, which is [`A_DAY`] a day.
//! * Several organisations may have an account with the same mail address, and none shall learn from the other's. What strangers have is counted by the mail
//!   address, for every sign-in, and what is answered depends on that and on the accounts that know the browser, and on nothing else. A browser that one of the
//!   accounts knows is a stranger to the others.
//! * A stranger's address has attempts over all accounts, many, because many people may be behind it. It stops who tries one password on everybody.
//! * Codes are asked for only of who knows the password, so they have one small budget for all strangers; recovery codes and passkeys, which nobody
//!   guesses, have others, so that they still open the door when somebody has used up the attempts at codes.

use super::browser::Known;
use crate::App;
use domain::{DAY, MINUTE, SECOND};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use store::{Budget, StoreError};

/// Shares that the networks of strangers are dealt out over.
pub const SHARES: u8 = 16;
/// A stranger's attempts at an account.
pub const PER_SHARE: u32 = 5;
/// How long until one of a share's attempts is back, in microseconds.
pub const SHARE_REFILLS: i64 = 15 * MINUTE;
/// The most guesses at an account's password that strangers have in a day, whatever they do.
pub const A_DAY: i64 = SHARES as i64 * (PER_SHARE as i64 + DAY / SHARE_REFILLS);
/// Attempts remembered at most. More than can be hashed before the first of them is over.
const REMEMBERED: u32 = 400_000;

/// What is guessed at.
#[derive(Clone, Copy, Debug)]
pub enum Door<'a> {
    /// The passwords of all accounts with a mail address, as typed.
    Password(&'a str),
    /// The password of one account with a mail address, by its person's number.
    PasswordOf(i64, &'a str),
    /// A person's codes of an authenticator app.
    Code(i64),
    RecoveryCode(i64),
    Passkey(i64),
    /// A flow to an identity provider, by the hash of its ticket.
    Flow([u8; 32]),
}

/// Who guesses.
#[derive(Clone, Copy, Debug)]
pub enum Guesser {
    /// A session, by the hash of its id.
    Session([u8; 32]),
    Browser(Known),
    Stranger(Option<IpAddr>),
}

impl Guesser {
    /// Somebody without a session.
    #[must_use]
    pub fn of(known: Option<Known>, address: Option<IpAddr>) -> Self {
        known.map_or(Self::Stranger(address), Self::Browser)
    }
}

/// An attempt that counts as failed until it is said to be otherwise.
pub struct Attempt {
    budgets: Vec<Budget>,
    /// Whether they are nobody else's, so that a success makes them whole.
    own: bool,
}

impl Attempt {
    /// Counts an attempt, before the secret is looked at, so that many at once get no more tries than one after the other. `None`: refuse
    /// it without looking.
    ///
    /// # Errors
    /// When the database fails; then nobody may sign in.
    pub async fn admit(app: &App, door: Door<'_>, guesser: Guesser) -> Result<Option<Self>, StoreError> {
        let attempt = Self { budgets: budgets(app, door, guesser), own: !matches!(guesser, Guesser::Stranger(_)) };
        Ok(app.store.hub().count_try(attempt.budgets.clone(), app.clock.now()).await?.then_some(attempt))
    }

    /// The secret was right: a browser's or session's own attempts begin anew, strangers get this one back. No success of anybody gives back what
    /// others have used.
    pub async fn succeeded(self, app: &App) {
        if self.own {
            taken_back(app.store.hub().refill_tries(self.budgets).await);
        } else {
            self.forgive(app).await;
        }
    }

    /// The attempt did not come as far as the secret.
    pub async fn forgive(self, app: &App) {
        taken_back(app.store.hub().forgive_try(self.budgets, app.clock.now()).await);
    }
}

fn budgets(app: &App, door: Door<'_>, guesser: Guesser) -> Vec<Budget> {
    let name = match door {
        // In lower case and a fixed size, whether such an account exists or not.
        Door::Password(email) => format!("password of {}", email.trim().to_lowercase()),
        Door::PasswordOf(user, _) => format!("password of account {user}"),
        Door::Code(user) => format!("code of {user}"),
        Door::RecoveryCode(user) => format!("recovery code of {user}"),
        Door::Passkey(user) => format!("passkey of {user}"),
        Door::Flow(ticket) => format!("flow {ticket:?}"),
    };
    let budget = |whose: String, tries, every| Budget { who: Sha256::digest(whose).into(), tries, every };
    match (door, guesser) {
        (_, Guesser::Session(session)) => vec![budget(format!("{name} in session {session:?}"), 5, 3 * MINUTE)],
        (Door::Password(_) | Door::PasswordOf(..), Guesser::Browser(known)) => vec![budget(format!("{name} in browser {:?}", known.0), 10, 3 * MINUTE)],
        (_, Guesser::Browser(known)) => vec![budget(format!("{name} in browser {:?}", known.0), 5, 3 * MINUTE)],
        (Door::Password(_), Guesser::Stranger(address)) => {
            let share = budget(format!("{name}, share {}", share(app, &name, address)), PER_SHARE, SHARE_REFILLS);
            // 100 in a quarter of an hour.
            let all = address.map(|a| budget(format!("passwords from {}", network(a, 32, 64)), 100, 9 * SECOND));
            [share].into_iter().chain(all).collect()
        }
        // Dealt out as the address's are, so that which networks share their attempts does not tell how many accounts an address has.
        (Door::PasswordOf(_, email), Guesser::Stranger(address)) => {
            let all = format!("password of {}", email.trim().to_lowercase());
            vec![budget(format!("{name}, share {}", share(app, &all, address)), PER_SHARE, SHARE_REFILLS)]
        }
        // Nobody guesses a signature; each costs the hub a look.
        (Door::Passkey(_), Guesser::Stranger(_)) => vec![budget(name, 20, MINUTE)],
        (_, Guesser::Stranger(_)) => vec![budget(name, 5, 15 * MINUTE)],
    }
}

/// To which share of an account's attempts an address belongs.
fn share(app: &App, account: &str, address: Option<IpAddr>) -> u8 {
    // A network that one customer usually has as a whole.
    let from = address.map(|a| network(a, 24, 48));
    let hash = Sha256::digest([&app.seal.subkey("shares of strangers")[..], format!("{account} from {from:?}").as_bytes()].concat());
    hash[0] % SHARES
}

/// Counts that a browser begins a flow to an identity provider; false where it has begun too many. Each is a row for ten minutes, and has a provider
/// asked.
///
/// # Errors
/// When the database fails; then none may be begun.
pub async fn may_begin(app: &App, guesser: Guesser) -> Result<bool, StoreError> {
    counted(app, "flows", guesser).await
}

/// Counts that a form of nobody is kept; false where there were too many.
///
/// # Errors
/// When the database fails.
pub async fn may_keep(app: &App, guesser: Guesser) -> Result<bool, StoreError> {
    counted(app, "kept forms", guesser).await
}

/// Counts an answer of a provider to which no flow belongs; false where there were too many.
///
/// # Errors
/// When the database fails.
pub async fn may_answer(app: &App, address: Option<IpAddr>) -> Result<bool, StoreError> {
    counted(app, "answers", Guesser::Stranger(address)).await
}

async fn counted(app: &App, what: &str, guesser: Guesser) -> Result<bool, StoreError> {
    let (whose, tries, every) = match guesser {
        Guesser::Session(session) => (format!("{what} in session {session:?}"), 20, MINUTE),
        Guesser::Browser(known) => (format!("{what} in browser {:?}", known.0), 20, MINUTE),
        Guesser::Stranger(Some(address)) => (format!("{what} from {}", network(address, 32, 64)), 100, 9 * SECOND),
        Guesser::Stranger(None) => return Ok(true),
    };
    app.store.hub().count_try(vec![Budget { who: Sha256::digest(whose).into(), tries, every }], app.clock.now()).await
}

/// An attempt that stays counted is no harm that should keep anybody out.
fn taken_back(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "an attempt to sign in could not be taken back");
    }
}

/// Forgets what is over. To be called now and then.
///
/// # Errors
/// When the database fails.
pub async fn forget(app: &App) -> Result<(), StoreError> {
    app.store.hub().forget_tries(REMEMBERED, app.clock.now()).await.map(drop)
}

/// The network of an address: so many bits of it, of IPv4 or IPv6.
fn network(address: IpAddr, v4: u32, v6: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & u32::MAX.checked_shl(32 - v4).unwrap_or(0))),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & u128::MAX.checked_shl(128 - v6).unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_customer_network_is_one_address() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(network(ip("2001:db8::1"), 32, 64), network(ip("2001:db8::ffff:1"), 32, 64));
        assert_eq!(network(ip("::ffff:192.0.2.7"), 32, 64), ip("192.0.2.7"));
        assert_eq!(network(ip("192.0.2.7"), 24, 48), ip("192.0.2.0"));
        assert_ne!(network(ip("2001:db8:0:1::"), 24, 64), network(ip("2001:db8:0:2::"), 24, 64));
        assert_eq!(network(ip("2001:db8:0:1::"), 24, 48), network(ip("2001:db8:0:2::"), 24, 48));
    }
}
