//! The own passkeys: what there is, and one more.

use crate::components::*;
use domain::view::{Account, PasskeyRow};
use leptos::prelude::*;

/// Passkeys of the reader, each with its last use, and the form for another.
pub fn passkeys(account: &Account) -> AnyView {
    let rows = account.passkeys.clone();
    let list = (!rows.is_empty()).then(|| {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Your passkeys">
                <table>
                    <caption class="sr">"Your passkeys"</caption>
                    <thead><tr><th scope="col">"Name"</th><th scope="col">"Added"</th><th scope="col">"Last used"</th><th scope="col">"Remove it"</th></tr></thead>
                    <tbody>{rows.into_iter().map(passkey).collect_view()}</tbody>
                </table>
            </div>
        }
    });
    view! {
        <p>"Your phone, your computer or a security key vouches for you, by finger, face or PIN. No other page can ask for it, so there is nothing to be tricked out of."</p>
        {list}
        <PasskeyForm
            factors=account.factors.clone()
            action="/account/passkeys"
            challenge="/account/passkeys/challenge"
            word="Add a passkey"
            otherwise="An authenticator app works everywhere."
        >
            <label for="passkey-name">"Name of the new passkey"</label>
            <input id="passkey-name" name="name" required maxlength="60" placeholder="Such as: work laptop"/>
        </PasskeyForm>
    }
    .into_any()
}

fn passkey(row: PasskeyRow) -> AnyView {
    let used = match row.last_used_at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => view! { <span class="quiet">"never"</span> }.into_any(),
    };
    let remove = if row.may_go {
        one_click("/account/passkeys/remove", "id", row.id.to_string(), "Remove", &row.name)
    } else {
        view! { <span class="quiet">"your only second factor"</span> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{row.name}</th>
            <td><Time at=row.created_at/></td>
            <td>{used}</td>
            <td>{remove}</td>
        </tr>
    }
    .into_any()
}
