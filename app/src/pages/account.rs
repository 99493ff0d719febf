//! `/account`: the reader's second factors, password and sessions.

mod browser;
mod changes;
mod passkeys;
mod password;

use super::{connect::Command, oidc::identity, users::title};
use crate::{api::pages, components::*};
use domain::view::{Account, SessionRow};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The reader's own account.
#[component]
pub fn AccountPage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().account().await };
    view! { <Page title="Your account">{loaded(data, move |page| view! { <All page done=done.clone()/> })}</Page> }
}

#[component]
fn All(page: Signal<Account>, done: String) -> impl IntoView {
    let notice = match done.as_str() {
        "wrong" => Some("That code is not right, or too old. Look at your app's clock, and try the next one."),
        "throttled" => Some("Too many attempts. Wait a few minutes and try again."),
        "there" => Some("You have an authenticator app already."),
        "added" => Some("Added. Your recovery codes stay as they are."),
        "refused" => Some("That passkey was not accepted, or its five minutes were over. Please try again."),
        "name" => Some("Give the passkey a name, so that you know it again."),
        "most" => Some("Not added: it is somebody's passkey already, or you have ten."),
        "removed" => Some("Removed."),
        "needed" => Some("Not done: your role needs a second factor."),
        "password" => Some("Your password is changed. Your other sessions have ended."),
        "current" => Some("Not changed: the current password is not right."),
        "mismatch" => Some("Not changed: the two new passwords differ."),
        "weak" => Some("Not changed: the new password is too short, among the most common ones, or made of your mail address."),
        "ended" => Some("Ended. Open pages there are signed out within 5 seconds."),
        "linked" => Some("Linked: you can sign in with your organisation from now on."),
        "not-linked" => Some("Nothing was linked. Try again, and tell whoever runs the hub if it stays so."),
        "unlinked" => Some("Unlinked: your password opens your account again, and your organisation's sign-in does not."),
        "seen" => Some("Thank you. You are told again when somebody changes your account."),
        "gone" => Some("There is nothing like that to change."),
        _ => None,
    };
    let account = page.get_untracked();
    let (person, must) = (account.person.clone(), account.needs_factor && !account.factors.any());
    let sessions = account.sessions.clone();
    let codes = (!account.codes.is_empty()).then(|| account.codes.join("\n"));
    let several = sessions.len() > 1;
    let (factor, keys, app) = (second_factor(&account), passkeys::passkeys(&account), app(&account));
    let password = account.has_password.then(|| view! { <Card title="Password" id="password-card">{password::password()}</Card> });
    let there = account.provider.is_some().then(|| identity(&account));
    view! {
        <PageHead title=person.name.clone()>
            <span>{person.email.clone()}", "{title(person.role)}" of "{person.org.name.clone()}</span>
        </PageHead>
        <Notice text=notice/>
        {must.then(|| view! { <p class="notice" role="alert"><b>"Your role needs a second factor."</b>" Set it up here; then every page opens."</p> })}
        {codes.map(|codes| view! {
            <Card title="Recovery codes" class="disclosure">
                <p><b>"This is the only time you see these codes."</b>" Each stands in once for your app or passkey. Keep them where your phone is not."</p>
                <Command label="Recovery codes" text=codes/>
            </Card>
        })}
        <Card title="Second factor" id="factor">{factor}</Card>
        <Card title="Passkeys" id="passkeys">{keys}</Card>
        <Card title="Authenticator app" id="app">{app}</Card>
        {password}
        {there.map(|body| view! { <Card title="Your organisation's sign-in" id="identity">{body}</Card> })}
        <Card title="Where you are signed in" id="sessions">
            <div class="scroll" tabindex="0" role="region" aria-label="Your sessions">
                <table>
                    <caption class="sr">"Your sessions"</caption>
                    <thead><tr><th scope="col">"Since"</th><th scope="col">"From"</th><th scope="col">"Browser"</th><th scope="col">"Ends unless used"</th><th scope="col">"End it"</th></tr></thead>
                    <tbody>{sessions.into_iter().map(session).collect_view()}</tbody>
                </table>
            </div>
            {several.then(|| one_click("/account/sessions/end", "session", String::new(), "End all others", "sessions"))}
        </Card>
        <Card title="What changed on your account" id="changes">{changes::changes(account.changes, account.unseen)}</Card>
    }
    .into_any()
}

fn second_factor(account: &Account) -> AnyView {
    if !account.factors.any() {
        return view! { <p>"With a second factor, a stolen password alone opens nothing. Add a passkey or an authenticator app; both together are better still."</p> }
            .into_any();
    }
    let left = plural(account.codes_left.into(), "recovery code is", "recovery codes are");
    view! {
        <p><span class="mark st-good"><span class="sign" aria-hidden="true">"✓"</span>"On"</span>" It is asked for at sign-in, and before keys, exports, people and sharing are touched. "{left}" left."</p>
        <form method="post" action="/account/factor/recovery"><button>"Make new recovery codes"</button></form>
    }
    .into_any()
}

fn app(account: &Account) -> AnyView {
    if let Some((picture, typed)) = account.offer.clone() {
        return view! {
            <ol class="plain-steps">
                <li><p>"Open an authenticator app and take a picture of this, or type the letters below it."</p>
                    <Svg markup=picture class="qr"/>
                    <p><code>{typed}</code></p></li>
                <li><p>"Type the six digits that the app shows now."</p>
                    <form class="inline-form" method="post" action="/account/factor/confirm">
                        <label for="code">"Code"</label>
                        <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="9" size="9"/>
                        <button class="primary">"Turn it on"</button>
                    </form></li>
            </ol>
        }
        .into_any();
    }
    if !account.factors.app {
        return view! {
            <p>"An app on your phone or in your password manager shows six digits that you type."</p>
            <form method="post" action="/account/factor"><button class="primary"><Icon name="key"/>" Set up an authenticator app"</button></form>
        }
        .into_any();
    }
    let may_go = !account.needs_factor || account.factors.passkey;
    let remove = may_go.then(|| view! { <form method="post" action="/account/factor/remove"><button>"Remove the app"</button></form> });
    view! { <p>"Codes of your app are taken."</p>{remove} }.into_any()
}

fn session(row: SessionRow) -> AnyView {
    let end = if row.current {
        view! { <span class="quiet">"this one"</span> }.into_any()
    } else {
        one_click("/account/sessions/end", "session", row.id, "End", "this session")
    };
    view! {
        <tr>
            <td><Time at=row.begun_at/></td>
            <td>{row.address}</td>
            <td title=row.agent.clone()>{browser::name(&row.agent)}</td>
            <td><Time at=row.idle_until/></td>
            <td>{end}</td>
        </tr>
    }
    .into_any()
}
