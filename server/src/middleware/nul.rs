//! NUL in queries and forms: PostgreSQL keeps and compares no text with one, so none is let in, whichever database there is. Paths with control
//! characters are [not plain](super::plain_address); bodies of pushes are looked through where they are parsed.

use super::malformed;
use axum::{
    extract::{FromRequest, RawForm, Request},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

/// Refuses addresses with a NUL in the query with 400, naming the field. With `axum::middleware::from_fn`.
pub async fn no_nul(request: Request, next: Next) -> Response {
    match request.uri().query().and_then(|q| field(q.as_bytes())) {
        None => next.run(request).await,
        Some(place) => malformed(sentence(&place)),
    }
}

/// A form of a page: as axum's own, and no field holds a NUL.
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let RawForm(bytes) = RawForm::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        if let Some(place) = field(&bytes) {
            return Err(refusal(&place));
        }
        serde_urlencoded::from_bytes(&bytes)
            .map(Self)
            .map_err(|e| (StatusCode::UNPROCESSABLE_ENTITY, format!("The form cannot be read: {e}\n")).into_response())
    }
}

/// The first field of `name=value&…` with a NUL in it, as the beginning of a sentence.
fn field(pairs: &[u8]) -> Option<String> {
    let pair = pairs.split(|b| *b == b'&').find(|pair| has_nul(pair))?;
    let name = pair.split(|b| *b == b'=').next().unwrap_or_default();
    Some(if has_nul(name) { "A field's name".to_owned() } else { format!("The field {}", String::from_utf8_lossy(name).escape_debug()) })
}

fn has_nul(encoded: &[u8]) -> bool {
    encoded.contains(&0) || encoded.windows(3).any(|w| w == b"%00")
}

fn sentence(place: &str) -> String {
    format!("{place} holds the character NUL.")
}

fn refusal(place: &str) -> Response {
    (StatusCode::BAD_REQUEST, sentence(place) + "\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_named() {
        assert_eq!(field(b"a=1&q=x%00y&b=%00").as_deref(), Some("The field q"));
        assert_eq!(field(b"a=1&q=x\0y").as_deref(), Some("The field q"));
        assert_eq!(field(b"a%00=1").as_deref(), Some("A field's name"));
        assert_eq!(field(b"a=%2500&b=%01"), None);
    }
}
