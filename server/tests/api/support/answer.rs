//! A whole answer: status, headers, body.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// What the hub said.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the hub answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("the body arrives").to_vec();
        Self { status, headers, body }
    }

    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().expect("a header of text"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e} in {}", self.text()))
    }

    /// The refusal of the API, which must be a problem document that repeats its status.
    pub fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        assert!(problem["type"].as_str().is_some_and(|t| t.starts_with("urn:shieldwall:problem:")), "{problem}");
        for field in ["title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|t| !t.is_empty()), "{problem}");
        }
        problem
    }

    /// The JSON Pointers that a refusal names.
    pub fn pointers(&self) -> Vec<String> {
        self.problem()["errors"].as_array().into_iter().flatten().map(|e| e["pointer"].as_str().expect("a pointer").to_owned()).collect()
    }

    /// The rows of a CSV file without its head.
    pub fn csv(&self) -> Vec<Vec<String>> {
        assert_eq!((self.status, self.header("content-type")), (200, "text/csv; charset=utf-8"), "{}", self.text());
        csv::Reader::from_reader(&self.body[..]).records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect()
    }
}

/// The first address in a page that begins with `prefix` and goes on.
pub fn link(page: &str, prefix: &str) -> String {
    let start = format!("href=\"{prefix}");
    let at = page.match_indices(&start).map(|(i, _)| i + 6).find(|i| !page[i + prefix.len()..].starts_with(['"', '?']));
    let at = at.unwrap_or_else(|| panic!("no link to {prefix}… in {page}"));
    page[at..].split('"').next().unwrap_or_default().replace("&amp;", "&")
}

/// The words of a page's main part, one blank between them.
pub fn words(page: &str) -> String {
    let main = page.split_once("<main").map_or(page, |(_, rest)| rest.split("</main>").next().unwrap_or_default());
    let mut text = String::new();
    for piece in main.split('<') {
        text.push_str(piece.split_once('>').map_or("", |(_, words)| words));
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
