//! A page that goes on by itself, without script. On the way to a provider it stands between the form and the foreign address, which the page's policy
//! lets no form lead to; on the way back it makes the next request the hub's own, so that `SameSite=Strict` cookies are sent.

use crate::App;
use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};

/// The page. `cookie` is a line to set, where there is one.
pub(super) fn bounce(app: &App, to: &str, text: &str, cookie: Option<HeaderValue>) -> Response {
    let (to, base) = (escaped(to), app.live.assets_base());
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
         <meta name=\"color-scheme\" content=\"light dark\"/><meta http-equiv=\"refresh\" content=\"0;url={to}\"/><title>One moment · Shieldwall</title>\
         <link rel=\"stylesheet\" href=\"{base}/style.css\"/><link rel=\"icon\" type=\"image/svg+xml\" href=\"{base}/favicon.svg\"/></head>\
         <body><main class=\"entrance\"><section class=\"card entrance-card\"><h1>One moment</h1><p>{text}</p><p><a class=\"button\" href=\"{to}\">Go on</a></p>\
         </section></main></body></html>"
    );
    let mut response = Html(page).into_response();
    if let Some(line) = cookie {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

/// Text as the value of an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stays_inside_its_attribute() {
        assert_eq!(escaped("https://id.example/a?b=c&d='\"><script>"), "https://id.example/a?b=c&amp;d=&#39;&quot;&gt;&lt;script&gt;");
    }
}
