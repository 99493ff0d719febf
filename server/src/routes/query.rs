//! What an address may ask of a page and of its file. What is not known there, stands there twice or cannot be read is refused: a list that is not narrowed as
//! its reader believes would be taken for what it is not.

use super::MatchedRoute;
use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{DataClass, IncidentStatus, Level, Severity, Tlp, catalogue::Domain, indicator::IndicatorType, query::PageQuery, rsit, view::Unclear};
use std::collections::BTreeSet;

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
        "kind" if page.starts_with("/receipts") => value.parse::<DataClass>().is_err(),
        // As it is kept, and as the facets link to it.
        "class" if page.starts_with("/incidents") => !rsit::is_known(value),
        "class" if page.starts_with("/admin/sharing") => value.parse::<DataClass>().is_err(),
        "level" => value.parse::<Level>().is_err(),
        "sort" => !sorts(page).contains(&value.to_lowercase()),
        _ => false,
    }
}

/// Reads what an address asks of a page or its file, whose row of the table says what it takes.
///
/// # Errors
/// Says what is not known there.
pub fn read(route: &MatchedRoute, query: &str) -> Result<PageQuery, Unclear> {
    let page = route.path.strip_suffix(".jsonl").unwrap_or(route.path);
    let page = match page.strip_prefix("/csv") {
        Some("/collective") => "/",
        Some(list) => list,
        None => page,
    };
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_| Unclear { why: "What stands behind the question mark cannot be read.".to_owned(), keys: vec![] })?;
    let (mut read, mut seen) = (PageQuery::default(), BTreeSet::new());
    for (key, value) in pairs {
        let shown: String = key.chars().take(40).collect();
        let unclear = |why| Unclear { why, keys: vec![key.clone()] };
        if !route.takes.contains(&key.as_str()) && !matches!(key.as_str(), "range" | "tz") {
            return Err(unclear(format!("The address asks for “{shown}”, which this page does not know.")));
        }
        if !seen.insert(key.clone()) {
            return Err(unclear(format!("The address says “{shown}” twice.")));
        }
        if unreadable(page, &key, &value) {
            let value: String = value.chars().take(40).collect();
            return Err(unclear(format!("The address asks for “{shown}” to be “{value}”, which is none of its values.")));
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
        let query = parts.uri.query().unwrap_or_default();
        // Only routes of the table have files.
        let Some(route) = parts.extensions.get::<MatchedRoute>() else { return Err(StatusCode::NOT_FOUND.into_response()) };
        match read(route, query) {
            Ok(query) => Ok(Self(query.whole())),
            Err(unclear) => Err((StatusCode::BAD_REQUEST, format!("{} There is no file for it.\n", unclear.why)).into_response()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::table, *};

    fn read(path: &str, query: &str) -> Result<PageQuery, Unclear> {
        let route = table::people().into_iter().find(|route| route.path == path).expect(path);
        super::read(&MatchedRoute { path: route.path, access: route.access, takes: route.takes }, query)
    }

    #[test]
    fn what_is_not_known_is_said() {
        let why = |route, query| read(route, query).expect_err(query).why;
        assert!(why("/incidents", "sevv=high").contains("“sevv”"));
        assert!(why("/csv/incidents", "sev=high&sev=low").contains("“sev” twice"));
        assert!(why("/csv/indicators", "kind=domain").contains("“domain”"));
        assert!(why("/incidents", "class=frauds").contains("“frauds”"));
        assert!(why("/csv/incidents", "class=fraud%2Fnothing").contains("“fraud/nothing”"));
        assert!(why("/receipts", "kind=indicator-counts").contains("“indicator-counts”"), "a push's word, and no class of data");
        assert!(why("/", "q=x").contains("“q”"));
        assert!(why("/account", "doen=seen").contains("“doen”"));
        assert!(why("/admin/sharing", "class=incident&audience=everyone&level=detail").contains("“incident”"));
        for (route, query) in [
            ("/incidents", "q=&sev=high&sort=-opened&range=7d&tz=local&cursor=zz&class=fraud"),
            ("/csv/incidents", "class=malicious-code%2Fmalware-distribution"),
            ("/csv/orgs", "sort=-GV"),
            ("/orgs", "sort=-standing"),
            ("/receipts", "kind=posture"),
            ("/admin/audit.jsonl", "kind=sharing."),
            ("/account", "done=seen"),
            ("/admin/sharing", "class=incidents&audience=everyone&level="),
        ] {
            assert!(read(route, query).is_ok(), "{route}?{query}");
        }
        assert_eq!(read("/csv/incidents", "q=a%20b&cursor=1").map(|q| (q.q, q.cursor)), Ok(("a b".into(), "1".into())));
    }

    /// Every page and file says what is not known there and what stands there twice, and takes what its row of the table says.
    #[test]
    fn every_page_knows_what_it_takes() {
        for route in table::people() {
            assert!(route.is_page || route.is_file || route.takes.is_empty(), "{} reads nothing", route.path);
            if !route.is_page && !route.is_file {
                continue;
            }
            assert!(read(route.path, "moon=full").expect_err(route.path).why.contains("“moon”"));
            for key in route.takes.iter().chain(&["range", "tz"]) {
                assert!(read(route.path, &format!("{key}=")).is_ok(), "{} takes {key}", route.path);
                assert!(read(route.path, &format!("{key}=&{key}=")).expect_err(route.path).why.contains("twice"), "{} with {key}", route.path);
            }
        }
    }
}
