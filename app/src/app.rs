//! The document, the frame and the routes.

use crate::{api::pages, components::*, pages::*};
use domain::view::{Refusal, Unclear};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

/// Where the document finds its scripts and styles.
#[derive(Clone, Debug)]
pub struct Assets {
    pub base: String,
}

/// Where the page's reader stands in the stream, as the stream's ids tell it. Provided by the server before it reads the page's data, so that the
/// stream can begin right after it and nothing is missed in between.
#[derive(Clone, Debug)]
pub struct StreamPosition(pub String);

/// The document around the application. Every script carries the answer's nonce; there are no inline styles.
pub fn shell() -> impl IntoView {
    let base = use_base();
    let position = use_context::<StreamPosition>().map(|position| position.0);
    let start = format!("import init from '{base}/app.js'; init({{module_or_path:'{base}/app_bg.wasm'}})");
    view! {
        <!DOCTYPE html>
        <html lang="en" data-position=position>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <script src=format!("{base}/theme.js") nonce=use_nonce()></script>
                <link rel="stylesheet" href=format!("{base}/style.css")/>
                <link rel="icon" type="image/svg+xml" href=format!("{base}/favicon.svg")/>
                <link rel="modulepreload" href=format!("{base}/app.js") nonce=use_nonce()/>
                <link rel="preload" href=format!("{base}/app_bg.wasm") r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" src=format!("{base}/live.js") nonce=use_nonce()></script>
                <script type="module" nonce=use_nonce()>{start}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Text of a `<title>`: leptos_meta writes it as it is, and titles come from pushed data.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|title: String| format!("{} · Shieldwall", escaped(&title))/>
        <Router>
            <Routes/>
        </Router>
    }
}

/// The frame with the routes; inside the router, whose context they need. Each page is rendered whole on the server, so
/// that it is readable without WASM and carries its status.
#[component]
fn Routes() -> impl IntoView {
    // Said before any page reads its address: what is not narrowed as its reader believes would be taken for what it is not.
    let unclear = pages().unclear();
    view! { <Frame>{unclear.map_or_else(page_at_address, |unclear| view! { <UnclearPage unclear/> }.into_any())}</Frame> }
}

fn page_at_address() -> AnyView {
    view! {
        <FlatRoutes fallback=NotFoundPage>
            <Route path=path!("/") view=CollectivePage ssr=SsrMode::Async/>
            <Route path=path!("/orgs") view=OrganisationsPage ssr=SsrMode::Async/>
            <Route path=path!("/orgs/:org") view=OrganisationPage ssr=SsrMode::Async/>
            <Route path=path!("/orgs/:org/metrics/:metric") view=MetricPage ssr=SsrMode::Async/>
            <Route path=path!("/metrics/:metric") view=MetricAcrossPage ssr=SsrMode::Async/>
            <Route path=path!("/incidents") view=IncidentsPage ssr=SsrMode::Async/>
            <Route path=path!("/incidents/:id") view=IncidentPage ssr=SsrMode::Async/>
            <Route path=path!("/indicators") view=IndicatorsPage ssr=SsrMode::Async/>
            <Route path=path!("/indicators/:id") view=IndicatorPage ssr=SsrMode::Async/>
            <Route path=path!("/events") view=EventsPage ssr=SsrMode::Async/>
            <Route path=path!("/events/:id") view=EventPage ssr=SsrMode::Async/>
            <Route path=path!("/receipts") view=PushesPage ssr=SsrMode::Async/>
            <Route path=path!("/receipts/:id") view=ReceiptPage ssr=SsrMode::Async/>
            <Route path=path!("/connect") view=ConnectPage ssr=SsrMode::Async/>
            <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/audit") view=AuditPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/keys") view=KeysPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/users") view=UsersPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/groups") view=GroupsPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/catalogue") view=CataloguePage ssr=SsrMode::Async/>
            <Route path=path!("/admin/catalogue/new-metric") view=NewMetricPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/catalogue/:metric") view=MetricFormPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/policy") view=PolicyPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/policy/draft") view=DraftPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/policy/versions/:version") view=PolicyVersionPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/sharing") view=SharingPage ssr=SsrMode::Async/>
            <Route path=path!("/admin/sharing/as") view=SharingAsPage ssr=SsrMode::Async/>
            <Route path=path!("/decisions") view=DecisionsPage ssr=SsrMode::Async/>
            <Route path=path!("/decisions/:id") view=DecisionPage ssr=SsrMode::Async/>
            <Route path=path!("/about") view=AboutPage ssr=SsrMode::Async/>
            <Route path=path!("/about/scoring") view=ScoringPage ssr=SsrMode::Async/>
            <Route path=path!("/status") view=StatusPage ssr=SsrMode::Async/>
            <Route path=path!("/signin") view=SignInPage ssr=SsrMode::Async/>
            <Route path=path!("/signin/code") view=CodePage ssr=SsrMode::Async/>
            <Route path=path!("/stepup") view=StepUpPage ssr=SsrMode::Async/>
            <Route path=path!("/welcome/:token") view=WelcomePage ssr=SsrMode::Async/>
        </FlatRoutes>
    }
    .into_any()
}

/// What stands where an address asks for something that its page does not know.
#[component]
fn UnclearPage(unclear: Unclear) -> impl IntoView {
    view! { <Page title="Address not clear"><Refused refusal=Refusal::Unclear(unclear)/></Page> }
}

/// What stands at an address that is none.
#[component]
fn NotFoundPage() -> impl IntoView {
    view! { <Page title="Not found"><Refused refusal=Refusal::NotFound/></Page> }
}
