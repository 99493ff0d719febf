//! From a resource to a view: waiting, refused, shown, and shown but no longer live.

use super::{Icon, Time, kept, percent_encoded, use_page_query, use_path};
use crate::{api::Answer, live::{answered, now, retry_after_failure}};
use domain::{Timestamp, view::Refusal};
use leptos::{prelude::*, reactive::computed::ScopedFuture};
use std::{future::IntoFuture, sync::Arc};

/// How a page tells the server its HTTP status. Provided by the server only.
#[derive(Clone)]
pub struct SetStatus(pub Arc<dyn Fn(u16) + Send + Sync>);

/// Shows what `data` brings. `view` runs once; later answers change its signal in place, so that focus, scroll and open
/// parts stay. After a good answer a failure keeps it on the screen and says since when it is not live.
pub fn loaded<T, V>(data: Resource<Answer<T>>, view: impl Fn(Signal<T>) -> V + Send + Sync + 'static) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let view = Arc::new(view);
    // Counts the times that a refusal gave way to a value or the other way round: only then is the view made anew.
    let turn = RwSignal::new(0_u32);
    let body = move || {
        turn.track();
        let view = Arc::clone(&view);
        Suspend::new(async move {
            // Untracked: the answers after the first reach the view through its signal, not by making it again.
            match ScopedFuture::new_untracked(data.into_future()).await {
                Ok(first) => {
                    let value = RwSignal::new(first);
                    let since = RwSignal::new(None::<Timestamp>);
                    Effect::new(move |_| match data.get() {
                        Some(Ok(next)) => {
                            since.set(None);
                            answered();
                            if value.with_untracked(|old| *old != next) {
                                value.set(next);
                            }
                        }
                        Some(Err(Refusal::Unavailable { .. } | Refusal::Failed { .. })) => {
                            since.update(|since| *since = since.or(Some(now())));
                            retry_after_failure();
                        }
                        Some(Err(_)) => turn.update(|turn| *turn += 1),
                        None => {}
                    });
                    view! { <NotLive since/> {view(value.into()).into_any()} }.into_any()
                }
                Err(refusal) => {
                    let shown = refusal.clone();
                    Effect::new(move |_| match data.get() {
                        Some(Err(next)) if next == shown => {
                            if matches!(next, Refusal::Unavailable { .. } | Refusal::Failed { .. }) {
                                retry_after_failure();
                            }
                        }
                        Some(_) => turn.update(|turn| *turn += 1),
                        None => {}
                    });
                    view! { <Refused refusal/> }.into_any()
                }
            }
        })
    };
    view! { <Transition fallback=Skeleton>{body}</Transition> }.into_any()
}

/// Says that what is on the screen is the last good answer.
#[component]
fn NotLive(since: RwSignal<Option<Timestamp>>) -> impl IntoView {
    move || {
        since.get().map(|since| {
            view! { <p class="not-live"><Icon name="clock"/>"Not live since " <Time at=since/> ", retrying. What you see is the last good answer."</p> }
        })
    }
}

/// A page while it loads: blocks of about its height, so that nothing jumps.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-busy="true">
            <p class="sr">"Loading"</p>
            <div class="bone tall"></div>
            <div class="bone"></div>
            <div class="bone tall"></div>
        </div>
    }
}

/// A page that cannot be had: why, and the next step.
#[component]
pub fn Refused(refusal: Refusal) -> impl IntoView {
    let query = use_page_query();
    let path = use_path();
    let status = match refusal {
        Refusal::SignIn => 401,
        Refusal::NotFound => 404,
        Refusal::NotAllowed => 403,
        Refusal::Unavailable { .. } => 503,
        Refusal::Failed { .. } => 500,
    };
    if let Some(SetStatus(set)) = use_context() {
        set(status);
    }
    let here = move || query.with(|q| q.href(&path.get()));
    let (title, text, step) = match refusal {
        Refusal::SignIn => {
            let next = move || format!("/signin?next={}", percent_encoded(&here()));
            ("Please sign in", "Your session has ended, or there was none.".to_owned(), view! { <a class="button" rel="external" href=next>"Sign in"</a> }.into_any())
        }
        Refusal::NotFound => (
            "Not found",
            "There is nothing at this address, or it is not shared with you.".to_owned(),
            view! { <a class="button" href=move || kept(query, "/")>"To the overview"</a> }.into_any(),
        ),
        Refusal::NotAllowed => (
            "Not part of your role",
            "Your role does not open this page. An administrator of your organisation can change roles.".to_owned(),
            view! { <a class="button" href=move || kept(query, "/")>"To the overview"</a> }.into_any(),
        ),
        Refusal::Unavailable { at } => (
            "The data cannot be reached just now",
            format!("The hub's database did not answer at {}. Nothing is lost; this page tries again by itself.", at.clock()),
            view! { <a class="button" rel="external" href=here>"Try now"</a> }.into_any(),
        ),
        Refusal::Failed { id } => (
            "Something went wrong on our side",
            if id.is_empty() { "The hub could not be reached. This page tries again by itself.".to_owned() } else { format!("It is in the hub's log under {id}.") },
            view! { <a class="button" rel="external" href=here>"Try now"</a> }.into_any(),
        ),
    };
    view! { <section class="card refused"><h1>{title}</h1><p>{text}</p><p>{step}</p></section> }
}
