//! The form whose button asks the browser for a passkey.

use super::{Icon, use_base};
use domain::view::SecondFactors;
use leptos::{nonce::use_nonce, prelude::*};

/// A form that `passkey.js` fills: it fetches a challenge from `challenge`, lets the authenticator answer, and sends the answer to `action`. Without
/// script, or in a browser without passkeys, a sentence stands in its place.
#[component]
pub fn PasskeyForm(
    factors: SecondFactors,
    action: &'static str,
    challenge: &'static str,
    /// The button.
    word: &'static str,
    /// What else there is to do for who cannot.
    otherwise: &'static str,
    /// More fields.
    children: Children,
) -> impl IntoView {
    let Some(at) = factors.passkeys_at else {
        return view! {
            <p class="quiet">"Passkeys do not work at this hub: they belong to a name over HTTPS, or to localhost, and its public address is neither. "{otherwise}</p>
        }
        .into_any();
    };
    view! {
        <script src=format!("{}/passkey.js", use_base()) nonce=use_nonce()></script>
        <p class="quiet without-passkeys">"A passkey needs a browser that has them, with scripts turned on. "{otherwise}</p>
        <form class="fields with-passkeys" method="post" action=action data-passkey=challenge data-at=at>
            {children()}
            <input type="hidden" name="credential" value=""/>
            <button class="primary"><Icon name="key"/>" "{word}</button>
            <p class="form-error" role="alert" data-passkey-error="" hidden=""></p>
        </form>
    }
    .into_any()
}
