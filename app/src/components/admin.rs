//! The frame of the pages under `/admin`: one place with several tabs.

use super::{Page, kept, use_page_query, use_path};
use leptos::prelude::*;

/// Path and word of each tab.
const TABS: [(&str, &str); 7] = [
    ("/admin/sharing", "Sharing"),
    ("/admin/groups", "Groups"),
    ("/admin/users", "People"),
    ("/admin/keys", "API keys"),
    ("/admin/catalogue", "Catalogue"),
    ("/admin/policy", "Policy"),
    ("/admin/audit", "Audit trail"),
];

/// A page of the administration.
#[component]
pub fn AdminPage(#[prop(into)] title: String, children: Children) -> impl IntoView {
    let (query, path) = (use_page_query(), use_path());
    let tab = move |(to, word): (&'static str, &'static str)| {
        // A tab holds the pages below it, too.
        let current =
            move || path.with(|path| if path == to { Some("page") } else { path.strip_prefix(to).filter(|rest| rest.starts_with('/')).map(|_| "true") });
        view! { <li><a href=move || kept(query, to) aria-current=current>{word}</a></li> }
    };
    view! {
        <Page title>
            <nav class="tabs" aria-label="Administration"><ul>{TABS.map(tab).collect_view()}</ul></nav>
            {children()}
        </Page>
    }
    .into_any()
}

/// What became of a form, in words.
#[component]
pub fn Notice(text: Option<&'static str>) -> impl IntoView {
    text.map(|text| view! { <p class="notice" role="status">{text}</p> })
}

/// A hidden field and a button: a change in one click.
#[must_use]
pub fn one_click(action: &'static str, name: &'static str, value: String, word: &'static str, whom: &str) -> AnyView {
    let whom = format!(" {whom}");
    view! { <form method="post" action=action><input type="hidden" name=name value=value/><button class="small">{word}<span class="sr">{whom}</span></button></form> }.into_any()
}
