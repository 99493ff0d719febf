//! Small pages of one card, made without Leptos: what stands between two pages, and refusals that a person reads. They need no script and no session.

use crate::App;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

/// Such a page.
pub struct Card<'a> {
    pub title: &'a str,
    /// Where the browser goes on by itself, in a moment.
    pub go_on: Option<&'a str>,
    /// What stands under the title, as HTML.
    pub body: String,
}

impl Card<'_> {
    /// The page as an answer.
    pub fn answer(&self, app: &App, status: StatusCode) -> Response {
        let (title, base) = (escaped(self.title), app.live.assets_base());
        let go_on = self.go_on.map(|to| format!("<meta http-equiv=\"refresh\" content=\"0;url={}\"/>", escaped(to))).unwrap_or_default();
        let page = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
             <meta name=\"color-scheme\" content=\"light dark\"/>{go_on}<title>{title} · Shieldwall</title>\
             <link rel=\"stylesheet\" href=\"{base}/style.css\"/><link rel=\"icon\" type=\"image/svg+xml\" href=\"{base}/favicon.svg\"/></head>\
             <body><main class=\"entrance\"><section class=\"card entrance-card\"><h1>{title}</h1>{}</section></main></body></html>",
            self.body
        );
        (status, Html(page)).into_response()
    }
}

/// A page that goes on by itself, without script, to `to`: its next request is the hub's own, so that `SameSite=Strict` cookies are sent.
pub fn bounce(app: &App, to: &str, text: &str) -> Response {
    let body = format!("<p>{}</p><p><a class=\"button\" href=\"{}\">Go on</a></p>", escaped(text), escaped(to));
    Card { title: "One moment", go_on: Some(to), body }.answer(app, StatusCode::OK)
}

/// Text as HTML, in an attribute, too.
#[must_use]
pub fn escaped(text: &str) -> String {
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
