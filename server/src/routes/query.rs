//! What an address may ask of a page and of its file. What is not known there, stands there twice or cannot be read is refused: a list that is not narrowed as
//! its reader believes would be taken for what it is not.

use super::MatchedRoute;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{DataClass, IncidentStatus, Severity, Tlp, catalogue::Domain, indicator::IndicatorType, query::PageQuery};
use std::collections::BTreeSet;
use store::What;

/// What lists of records are narrowed and turned by; a single record keeps it, for the way back.
const INCIDENTS: &[&str] = &["org", "status", "sev", "tlp", "class", "q", "sort", "cursor"];
const INDICATORS: &[&str] = &["org", "sev", "tlp", "kind", "seen", "q", "cursor"];
const EVENTS: &[&str] = &["org", "sev", "tlp", "q", "cursor"];
const PUSHES: &[&str] = &["org", "kind", "cursor"];

/// The keys of a page, beside `range` and `tz`, which follow the reader everywhere; `None` where forms come back to with words of their own.
fn keys(page: &str) -> Option<&'static [&'static str]> {
    Some(match page {
        "/" | "/orgs/{org}" | "/about/scoring" | "/status" => &[],
        "/orgs" => &["q", "sort", "cursor"],
        "/orgs/{org}/metrics/{metric}" => &["cursor"],
        "/metrics/{metric}" => &["sort"],
        "/incidents" | "/incidents/{id}" => INCIDENTS,
        "/indicators" | "/indicators/{id}" => INDICATORS,
        "/events" | "/events/{id}" => EVENTS,
        "/receipts" | "/receipts/{id}" => PUSHES,
        "/admin/audit" => &["org", "kind", "q", "cursor"],
        _ => return None,
    })
}

/// Words by which a list is turned, with `-` in front where it is turned round.
fn sorts(page: &str) -> Vec<String> {
    let both = |words: &[&str]| words.iter().flat_map(|word| [(*word).to_owned(), format!("-{word}")]).collect::<Vec<_>>();
    match page {
        "/incidents" | "/incidents/{id}" => ["severity", "opened", "-opened", "-updated"].map(str::to_owned).to_vec(),
        "/metrics/{metric}" => both(&["name", "value", "score"]),
        "/orgs" => {
            let domains = Domain::ALL.map(|d| d.code().to_lowercase());
            let mut words: Vec<&str> = vec!["name", "sector", "standing", "score", "change", "incidents", "seen", "coverage"];
            words.extend(domains.iter().map(String::as_str));
            both(&words)
        }
        _ => vec![],
    }
}

/// Why a value of a key cannot be meant on a page; `None` where it can. Empty ones are what a form sends for nothing.
fn unreadable(page: &str, key: &str, value: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    match key {
        "range" => !PageQuery::is_range(value),
        "tz" => !matches!(value, "UTC" | "local"),
        "sev" => value.parse::<Severity>().is_err(),
        "tlp" => value.parse::<Tlp>().is_err(),
        "status" => !matches!(value, "open" | "any") && value.parse::<IncidentStatus>().is_err(),
        "seen" => value != "2",
        "kind" if page.starts_with("/indicators") => value.parse::<IndicatorType>().is_err(),
        "kind" if page.starts_with("/receipts") => value != DataClass::Posture.name() && What::from_name(value).is_none(),
        "sort" => !sorts(page).contains(&value.to_lowercase()),
        _ => false,
    }
}

/// Reads what an address asks of the page at `route`, which may be the route of its file.
///
/// # Errors
/// Says in a sentence what is not known there.
pub fn read(route: &str, query: &str) -> Result<PageQuery, String> {
    let page = route.strip_suffix(".jsonl").unwrap_or(route);
    let page = match page.strip_prefix("/csv") {
        Some("/collective") => "/",
        Some(list) => list,
        None => page,
    };
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| "What stands behind the question mark cannot be read.".to_owned())?;
    let (mut read, mut seen) = (PageQuery::default(), BTreeSet::new());
    for (key, value) in pairs {
        let shown: String = key.chars().take(40).collect();
        let known = keys(page).is_none_or(|keys| keys.contains(&key.as_str()) || matches!(key.as_str(), "range" | "tz"));
        if !known {
            return Err(format!("The address asks for “{shown}”, which this page does not know."));
        }
        if !seen.insert(key.clone()) {
            return Err(format!("The address says “{shown}” twice."));
        }
        if keys(page).is_some() && unreadable(page, &key, &value) {
            let value: String = value.chars().take(40).collect();
            return Err(format!("The address asks for “{shown}” to be “{value}”, which is none of its values."));
        }
        read.set(&key, value);
    }
    Ok(read)
}

/// The query of a file: the same as its page's. A file is the whole list, whichever page of it the link stood on.
pub struct FileQuery(pub PageQuery);

impl<S: Send + Sync> FromRequestParts<S> for FileQuery {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let route = parts.extensions.get::<MatchedRoute>().map_or("", |route| route.path);
        match read(route, parts.uri.query().unwrap_or_default()) {
            Ok(query) => Ok(Self(query.whole())),
            Err(why) => Err((StatusCode::BAD_REQUEST, format!("{why} There is no file for it.\n")).into_response()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said() {
        let why = |route, query| read(route, query).expect_err(query);
        assert!(why("/incidents", "sevv=high").contains("“sevv”"));
        assert!(why("/csv/incidents", "sev=high&sev=low").contains("“sev” twice"));
        assert!(why("/csv/indicators", "kind=domain").contains("“domain”"));
        assert!(why("/", "q=x").contains("“q”"));
        for (route, query) in [
            ("/incidents", "q=&sev=high&sort=-opened&range=7d&tz=local&cursor=zz"),
            ("/csv/orgs", "sort=-GV"),
            ("/orgs", "sort=-standing"),
            ("/receipts", "kind=posture"),
            ("/admin/audit.jsonl", "kind=sharing."),
            ("/account", "done=seen"),
        ] {
            assert!(read(route, query).is_ok(), "{route}?{query}");
        }
        assert_eq!(read("/csv/incidents", "q=a%20b&cursor=1").map(|q| (q.q, q.cursor)), Ok(("a b".into(), "1".into())));
    }
}
