//! Failed sign-ins, counted per account and per address: guessing gets slow long before it gets anywhere. Counted in the database, so that
//! several hubs count together and a restart forgives nothing.

use crate::{App, serving::network};
use domain::MINUTE;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use store::StoreError;

/// Failures after which an account refuses everybody until the window ends.
const PER_ACCOUNT: u32 = 5;
/// Failures after which an address is refused until the window ends.
const PER_ADDRESS: u32 = 20;
/// Flows to identity providers that an address may begin in a window; each is a row for ten minutes, and has a provider asked.
const PER_ADDRESS_BEGUN: u32 = 100;
/// From the first failure to the end of the window, in microseconds.
const WINDOW: i64 = 15 * MINUTE;
/// Accounts and addresses remembered at most. Beyond that the oldest are forgotten: a bounded table comes first.
const REMEMBERED: u32 = 50_000;

/// An attempt that counts as failed until it is said to be otherwise.
pub struct Attempt {
    account: [u8; 32],
    address: Option<[u8; 32]>,
}

impl Attempt {
    /// Counts an attempt, before the password is looked at, so that many at once get no more tries than one after the other. `None`: refuse
    /// it without looking at the password.
    ///
    /// # Errors
    /// When the database fails; then nobody may sign in.
    pub async fn admit(app: &App, account: &str, address: Option<IpAddr>) -> Result<Option<Self>, StoreError> {
        let attempt = Self { account: account_key(account), address: address.map(address_key) };
        let who = [(attempt.account, PER_ACCOUNT)].into_iter().chain(attempt.address.map(|a| (a, PER_ADDRESS))).collect();
        Ok(app.store.hub().count_try(who, WINDOW, app.clock.now()).await?.then_some(attempt))
    }

    /// The password was right: the account begins anew, the address gets its attempt back.
    pub async fn succeeded(self, app: &App) {
        taken_back(app.store.hub().forgive_try(self.address.into_iter().collect(), Some(self.account)).await);
    }

    /// The attempt did not come as far as the password.
    pub async fn forgive(self, app: &App) {
        taken_back(app.store.hub().forgive_try(self.address.into_iter().chain([self.account]).collect(), None).await);
    }
}

/// Counts that an address begins a flow to an identity provider; false where it has begun too many.
///
/// # Errors
/// When the database fails; then none may be begun.
pub async fn may_begin(app: &App, address: Option<IpAddr>) -> Result<bool, StoreError> {
    let who: Option<([u8; 32], u32)> = address.map(|a| (Sha256::digest(format!("flows of {}", network(a))).into(), PER_ADDRESS_BEGUN));
    app.store.hub().count_try(who.into_iter().collect(), WINDOW, app.clock.now()).await
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
    app.store.hub().forget_tries(WINDOW, REMEMBERED, app.clock.now()).await.map(drop)
}

/// SHA-256 of the mail address as typed, in lower case: a fixed size, whether such an account exists or not.
fn account_key(account: &str) -> [u8; 32] {
    Sha256::digest(format!("account {}", account.trim().to_lowercase())).into()
}

fn address_key(address: IpAddr) -> [u8; 32] {
    Sha256::digest(format!("address {}", network(address))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_customer_network_is_one_address() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:1".parse().unwrap();
        assert_eq!(address_key(a), address_key(b));
    }

    #[test]
    fn an_account_is_the_same_however_it_is_typed() {
        assert_eq!(account_key("a@example.org"), account_key(" A@Example.org "));
        assert_ne!(account_key("192.0.2.7"), address_key("192.0.2.7".parse().unwrap()));
    }
}
