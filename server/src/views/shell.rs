//! The frame of every page.

use super::Viewing;
use app::api::Answer;
use domain::view::{OrgRef, Person, Shell};

pub fn shell(viewing: &Viewing) -> Answer<Shell> {
    let board = viewing.app.live.board();
    let viewer = viewing.who.as_ref().map(|who| Person {
        name: who.user.name.clone(),
        email: who.user.email.clone(),
        role: who.user.role,
        org: board.org(who.user.org).map_or_else(|| OrgRef { slug: String::new(), name: String::new() }, |o| super::words::org_ref(o)),
    });
    let demo = viewing.app.config.demo.then(|| if viewer.is_none() { crate::demo::accounts() } else { vec![] });
    let account_changed_at = viewing.who.as_ref().and_then(|who| who.user.changed_at);
    Ok(Shell { alliance: viewing.app.config.alliance.clone(), viewer, demo, version: env!("CARGO_PKG_VERSION").to_owned(), account_changed_at })
}
