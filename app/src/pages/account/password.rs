//! The own password: the one before, and another twice.

use leptos::prelude::*;

/// The form that changes it.
pub fn password() -> AnyView {
    view! {
        <p>"All your other sessions end when you change it, and so does every one-time link that waits for you."</p>
        <form class="fields narrow-fields" method="post" action="/account/password">
            <label for="current">"Current password"</label>
            <input id="current" name="current" type="password" autocomplete="current-password" required maxlength="200"/>
            <label for="password">"New password"</label>
            <input id="password" name="password" type="password" autocomplete="new-password" minlength="12" maxlength="128" required aria-describedby="password-rule"/>
            <small id="password-rule">"At least 12 characters. A few words in a row are easy to keep and hard to guess."</small>
            <label for="again">"The new one again"</label>
            <input id="again" name="again" type="password" autocomplete="new-password" minlength="12" maxlength="128" required/>
            <button class="primary">"Change password"</button>
        </form>
    }
    .into_any()
}
