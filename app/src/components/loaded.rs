//! From an answer to a view: shown, or refused with the reason and the next step.

use super::{kept, use_address, use_address_without, use_page_query};
use crate::api::Answer;
use domain::{
    query::percent_encoded,
    view::{Refusal, Unclear},
};
use leptos::prelude::*;
use std::{future::Future, sync::Arc};

/// How a page tells the server its HTTP status. Provided by the server.
#[derive(Clone)]
pub struct SetStatus(pub Arc<dyn Fn(u16) + Send + Sync>);

/// Shows what `data` brings. The answer is rendered on the server and not sent a second time as data: the browser keeps pages
/// live by asking for fresh HTML (`app/client`).
pub fn loaded<T, V>(data: impl Future<Output = Answer<T>> + Send + 'static, view: impl FnOnce(Signal<T>) -> V + Send + 'static) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let body = Suspend::new(async move {
        match data.await {
            Ok(value) => view(Signal::stored(value)).into_any(),
            Err(refusal) => view! { <Refused refusal/> }.into_any(),
        }
    });
    view! { <Suspense>{body}</Suspense> }.into_any()
}

/// What the browser needs to keep a page live: the topics it is made of, and what to say when they change.
#[component]
pub fn Live(
    /// Topic prefixes, separated by blanks, such as `posture: incidents:halden-grid`.
    #[prop(into)]
    topics: String,
    /// What is said politely after a change, at most every 30 s; empty: nothing.
    #[prop(optional, into)]
    digest: String,
    /// Open critical incidents on the page; said at once when it rises.
    #[prop(default = None, into)]
    critical: Option<u32>,
) -> impl IntoView {
    view! { <p hidden="" data-live="" data-topics=topics data-critical=critical.map(|n| n.to_string())>{digest}</p> }
}

/// A page that cannot be had: why, and the next step.
#[component]
pub fn Refused(refusal: Refusal) -> impl IntoView {
    let query = use_page_query();
    let status = match refusal {
        Refusal::SignIn => 401,
        Refusal::NotFound => 404,
        Refusal::Unclear(_) => 400,
        Refusal::NotAllowed => 403,
        Refusal::Unavailable { .. } => 503,
        Refusal::Failed { .. } => 500,
    };
    if let Some(SetStatus(set)) = use_context() {
        set(status);
    }
    let here = use_address();
    let overview = move || view! { <a class="button" href=move || kept(query, "/")>"To the overview"</a> }.into_any();
    let again = move || view! { <a class="button" href=here>"Try now"</a> }.into_any();
    let (title, text, step) = match refusal {
        Refusal::Unclear(Unclear { why, keys }) => {
            let rest = use_address_without(keys);
            let text = format!("{why} Nothing is shown, so that it is not taken for something else.");
            ("This address is not clear", text, view! { <a class="button" href=rest>"Without it"</a> }.into_any())
        }
        Refusal::SignIn => {
            let next = move || format!("/signin?next={}", percent_encoded(&here.get()));
            ("Please sign in", "Your session has ended, or there was none.".to_owned(), view! { <a class="button" href=next>"Sign in"</a> }.into_any())
        }
        Refusal::NotFound => ("Not found", "There is nothing at this address, or it is not shared with you.".to_owned(), overview()),
        Refusal::NotAllowed => {
            ("Not part of your role", "Your role does not open this page. An administrator of your organisation can change roles.".to_owned(), overview())
        }
        Refusal::Unavailable { at } => (
            "The data cannot be reached just now",
            format!("The hub's database did not answer at {}. Nothing is lost; this page tries again by itself.", at.clock()),
            again(),
        ),
        Refusal::Failed { id } => ("Something went wrong on our side", format!("It is in the hub's log under {id}."), again()),
    };
    view! { <section class="card refused"><h1>{title}</h1><p>{text}</p><p>{step}</p></section> }
}
