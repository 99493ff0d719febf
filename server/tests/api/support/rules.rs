//! Rules, groups and keys of an organisation, in force at once.

use super::{TestApp, eventually};
use domain::{DataClass, Level, SECOND, sharing::Audience};

impl TestApp {
    /// Sets a rule of an organisation, and waits until the hub goes by it.
    pub async fn rule(&self, owner: &str, class: DataClass, audience: Audience, level: Option<Level>) {
        self.app.store.hub().set_rule(self.org(owner), class, audience, level, self.now()).await.expect("a rule");
        self.obeyed().await;
    }

    /// Waits until the hub goes by the rules and memberships that hold now: two seconds of its own clock, which is what it may take.
    pub async fn obeyed(&self) {
        let version = self.app.store.hub().sharing_version().await.expect("a version");
        self.app.clock.advance(2 * SECOND);
        eventually("the rules are read", async || (self.app.live.frames().rules().board.sharing.version == version).then_some(())).await;
    }
}
