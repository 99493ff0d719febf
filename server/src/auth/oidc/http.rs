//! How the hub talks to identity providers: over https, no redirects followed, with an end to waiting and to reading. A provider on this very machine may
//! be asked over plain HTTP, as a hub on this machine may be.

use super::provider::ProviderError;
use axum::http::Response;
use futures::future::BoxFuture;
use openidconnect::{HttpRequest, HttpResponse};
use reqwest::{Client, Url};
use std::{net::IpAddr, time::Duration};

/// How long a connection, and a whole answer, may take.
const TIMEOUTS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10));
/// Largest answer, in bytes. Keys and tokens are a few kilobytes.
const LARGEST: usize = 512 * 1024;

/// Whether an address is this machine's.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether the hub may be sent to an address by a provider; one elsewhere does not send it to this machine's own services.
fn may_go(url: &Url, here: bool) -> bool {
    let plain = here && url.scheme() == "http" && is_loopback(url);
    plain || url.scheme() == "https" && (here || !is_loopback(url))
}

/// An issuer identifier as it is configured: an https address without query; http on this machine. Kept letter by letter, because tokens name it so.
///
/// # Errors
/// A sentence for whoever typed it.
pub fn parse_issuer(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|e| e.to_string())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if plain && may_go(&url, is_loopback(&url)) { Ok(text.to_owned()) } else { Err("must be an https address without query".to_owned()) }
}

/// An address that the browser is sent to.
pub(super) fn check(url: &Url, issuer: &Url) -> Result<(), ProviderError> {
    if may_go(url, is_loopback(issuer)) { Ok(()) } else { Err(ProviderError::Endpoint(url.origin().ascii_serialization())) }
}

/// Asks one provider.
pub(super) fn client(issuer: &Url) -> Result<impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, ProviderError>>, ProviderError> {
    let here = is_loopback(issuer);
    let mut client = Client::builder().user_agent("shieldwall").redirect(reqwest::redirect::Policy::none()).connect_timeout(TIMEOUTS.0).timeout(TIMEOUTS.1);
    if here {
        client = client.no_proxy();
    }
    if issuer.scheme() == "http" {
        // No certificate will be looked at, so a machine without any will do.
        client = client.tls_certs_only([]);
    }
    let client = client.build().map_err(|e| ProviderError::Http(e.to_string()))?;
    Ok(move |request| Box::pin(fetch(client.clone(), here, request)) as BoxFuture<'static, _>)
}

async fn fetch(client: Client, here: bool, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
    let failed = |error: reqwest::Error| ProviderError::Http(error.without_url().to_string());
    let url = Url::parse(&request.uri().to_string()).map_err(|e| ProviderError::Http(e.to_string()))?;
    if !may_go(&url, here) {
        return Err(ProviderError::Endpoint(url.origin().ascii_serialization()));
    }
    let (parts, body) = request.into_parts();
    let mut answer = client.request(parts.method, url).headers(parts.headers).body(body).send().await.map_err(failed)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(ProviderError::Large);
        }
        bytes.extend_from_slice(&chunk);
    }
    let mut response = Response::new(bytes);
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_https_or_here() {
        for good in ["https://id.example.org", "https://id.example.org/realms/a/", "http://localhost:9000", "http://127.0.0.1:9000/", "http://[::1]:9000"] {
            assert_eq!(parse_issuer(good), Ok(good.to_owned()));
        }
        for bad in ["http://id.example.org", "https://id.example.org/?a=b", "https://id.example.org/#a", "https://u:p@id.example.org", "ftp://localhost", "id"]
        {
            assert!(parse_issuer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_provider_elsewhere_does_not_send_the_hub_to_its_own_machine() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(may_go(&url("https://keys.example.org"), false) && may_go(&url("http://localhost:1/x"), true));
        for bad in ["http://keys.example.org", "http://127.0.0.1/", "https://localhost/", "https://[::1]/", "file:///etc/passwd"] {
            assert!(!may_go(&url(bad), false), "{bad}");
        }
        assert!(!may_go(&url("http://keys.example.org"), true));
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_and_a_redirect_is_an_answer() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = url_of(&listener);
        let endless =
            axum::routing::get(|| async { axum::body::Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536]))) });
        let away = axum::routing::get(|| async { axum::response::Redirect::to("/endless") });
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/endless", endless).route("/away", away)).await });
        let ask = client(&issuer).unwrap();
        let request = |path: &str| axum::http::Request::get(issuer.join(path).unwrap().as_str()).body(vec![]).unwrap();
        assert!(matches!(ask(request("/endless")).await, Err(ProviderError::Large)));
        assert_eq!(ask(request("/away")).await.unwrap().status(), 303);
    }

    fn url_of(listener: &tokio::net::TcpListener) -> Url {
        Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap()
    }
}
