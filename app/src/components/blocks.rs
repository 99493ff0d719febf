//! Cards, empty states, raw text, icons.

use leptos::prelude::*;

/// A card with a heading. `href` and `more` make the link at its right.
#[component]
pub fn Card(
    /// The `<h2>`.
    #[prop(into)]
    title: Signal<String>,
    /// The heading's id, for links to this part of the page.
    #[prop(optional, into)]
    id: String,
    /// Extra classes for the layout.
    #[prop(optional, into)]
    class: String,
    /// Where all of it can be seen; empty: no link.
    #[prop(optional, into)]
    href: Signal<String>,
    /// The link's words.
    #[prop(optional, into)]
    more: Signal<String>,
    children: Children,
) -> impl IntoView {
    let link = move || {
        let href = href.get();
        (!href.is_empty()).then(|| view! { <a class="more" href=href>{more.get()}</a> })
    };
    let id = (!id.is_empty()).then_some(id);
    view! {
        <section class=format!("card {class}") id=id>
            <header class="card-head"><h2>{title}</h2>{link}</header>
            {children()}
        </section>
    }
    .into_any()
}

/// What stands where there is nothing: why, and the next step as children.
#[component]
pub fn Empty(
    /// Why there is nothing, in a sentence.
    #[prop(into)]
    title: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <p>{title}</p>
            {children.map(|children| view! { <div class="next-step">{children()}</div> })}
        </div>
    }
    .into_any()
}

/// What stands where the viewer may not look. It is not "nothing" and never 0.
#[component]
pub fn NotShared(
    /// What is not shared, as the beginning of a sentence: "The raw payload".
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! { <p class="not-shared"><Icon name="lock"/>{what}" is not shared with you."</p> }
}

/// Text as it came: nothing is interpreted, long lines scroll, the keyboard can scroll too.
#[component]
pub fn Raw(
    /// What the block holds, for those who do not see it.
    #[prop(into)]
    label: String,
    #[prop(into)] text: Signal<String>,
) -> impl IntoView {
    view! { <pre class="raw" tabindex="0" role="region" aria-label=label><code>{text}</code></pre> }
}

/// Markup drawn by the server's charts; never anything that a partner wrote.
#[component]
pub fn Svg(#[prop(into)] markup: Signal<String>, #[prop(optional, into)] class: String) -> impl IntoView {
    view! { <span class=format!("svg {class}") inner_html=move || markup.get()></span> }
}

/// A word-sized line.
#[component]
pub fn Spark(
    /// SVG from the server; empty draws nothing but keeps its place.
    #[prop(into)]
    markup: String,
) -> impl IntoView {
    view! { <span class="spark-box" aria-hidden="true" inner_html=markup></span> }
}

/// One icon of the sprite, never without a word beside it.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    let href = format!("{}/icons.svg#{name}", use_base());
    view! { <svg class="icon" aria-hidden="true" focusable="false"><use href=href></use></svg> }
}

/// Where the content-hashed files are.
#[must_use]
pub fn use_base() -> String {
    use_context::<crate::app::Assets>().map(|assets| assets.base).unwrap_or_default()
}
