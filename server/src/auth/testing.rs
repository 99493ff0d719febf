//! A database of one organisation and one person, for the tests of this folder.

use super::sessions::hash;
use crate::clock::Clock;
use domain::{HOUR, OrgId, Role, Timestamp};
use store::{Org, Settings, Store};
use tower_sessions::session::Id;

pub(super) struct Fixture {
    pub store: Store,
    pub clock: Clock,
    pub org: OrgId,
    pub user: i64,
    _folder: tempfile::TempDir,
}

pub(super) async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Settings { url: format!("sqlite://{}/hub.db", folder.path().display()), readers: 2 }).await.unwrap();
    let clock = Clock::default();
    let now = clock.now();
    let org = Org {
        id: OrgId(0),
        slug: "north".to_owned(),
        name: "North".to_owned(),
        sector: "energy".to_owned(),
        country: "NO".to_owned(),
        assets: None,
        interval: HOUR,
        weight: 1.0,
        last_data_at: None,
        confirmed: true,
    };
    let org = store.hub().add_organisation(org, now).await.unwrap();
    let user = store.hub().add_user(org, "mira@north.example".to_owned(), "Mira".to_owned(), Role::Analyst, None, now).await.unwrap();
    Fixture { store, clock, org, user, _folder: folder }
}

impl Fixture {
    /// Waits for a session's idle end to become `left` microseconds from now, which happens in the background.
    pub async fn settle(&self, id: &Id, left: i64) {
        for _ in 0..200 {
            let now = self.clock.now();
            let until = self.store.hub().session(hash(id), now).await.unwrap().map_or(Timestamp(0), |r| r.expires_at);
            if (left - until.since(now)).abs() < 10 * domain::SECOND {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the idle end was not moved");
    }
}
