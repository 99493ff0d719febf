//! Every refusal of the API: RFC 9457 problem details that name the field.

use axum::{
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use store::{Failure, StoreError};
use utoipa::ToSchema;

/// A refusal, `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of refusal; stable.
    #[serde(rename = "type", serialize_with = "urn")]
    #[schema(value_type = String, example = "urn:shieldwall:problem:invalid")]
    pub kind: &'static str,
    /// The kind, in words.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// Where it is wrong; JSON Pointers into the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The receipt, where the push was read but no item could be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub receipt: Option<Box<serde_json::Value>>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

fn urn<S: serde::Serializer>(kind: &&'static str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("urn:shieldwall:problem:{kind}"))
}

/// One wrong field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body; empty for the whole of it.
    pub pointer: String,
    /// A stable word for programs.
    pub code: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl From<&Failure> for FieldError {
    fn from(f: &Failure) -> Self {
        Self { pointer: f.pointer.clone(), code: f.code.clone(), detail: f.detail.clone() }
    }
}

impl Problem {
    /// A problem of a kind; `kind` becomes `urn:shieldwall:problem:{kind}`.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, title, status: status.as_u16(), detail: detail.into(), errors: vec![], receipt: None, headers: vec![] }
    }

    /// Names the field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), code: code.into(), detail: detail.into() });
        self
    }

    /// Makes pointers relative to a part of the body: the part that the sender knows as the whole.
    #[must_use]
    pub fn inside(mut self, part: &str) -> Self {
        for error in &mut self.errors {
            if let Some(rest) = error.pointer.strip_prefix(part) {
                error.pointer = rest.to_owned();
            }
        }
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).map(|v| (name, v)));
        self
    }

    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }

    #[must_use]
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The content cannot be kept", detail)
    }

    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", detail)
    }

    #[must_use]
    pub fn late() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "late", "The request took too long", "The body did not come in time. Nothing of this request was kept.")
    }

    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", "There is nothing here that this key may see.")
    }

    #[must_use]
    pub fn nothing_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", "There is nothing at this address. The push API is at /api/v1; /openapi.json describes it.")
    }

    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    #[must_use]
    pub fn unauthorized(title: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", title, detail).with(header::WWW_AUTHENTICATE, "Bearer realm=\"shieldwall\"")
    }

    /// 401 for a machine at an address for people.
    #[must_use]
    pub fn sign_in() -> Self {
        Self::unauthorized("This address is for people who sign in", "Keys are for the push API, /api/v1; /openapi.json describes it.")
    }

    /// A refusal that was said in a sentence, as a problem of its status.
    #[must_use]
    pub fn of_status(status: StatusCode, detail: &str) -> Self {
        let (kind, title) = match status {
            StatusCode::BAD_REQUEST => ("malformed", "The request cannot be read"),
            StatusCode::UNAUTHORIZED => return Self::sign_in(),
            StatusCode::FORBIDDEN => ("forbidden", "Not allowed"),
            StatusCode::NOT_FOUND => ("not-found", "Not found"),
            StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "Method not allowed"),
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ("too-large", "The request is too large"),
            StatusCode::MISDIRECTED_REQUEST => ("misdirected", "Not at this address"),
            StatusCode::TOO_MANY_REQUESTS => ("quota", "Too many requests"),
            StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "Not available just now"),
            status if status.is_server_error() => ("internal", "A fault on our side"),
            _ => ("refused", "Not done"),
        };
        Self::new(status, kind, title, if detail.is_empty() { title } else { detail })
    }

    #[must_use]
    pub fn method_not_allowed(method: &Method) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed", format!("{method} does nothing here."))
    }

    /// A fault on our side, of which the sender learns no more; the log has the rest.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "A fault on our side", "Nothing that was sent was kept. Please try again.")
    }

    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available just now", "Nothing that was sent was kept. Please try again.")
            .with(header::RETRY_AFTER, "5")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store");
        match error {
            StoreError::Busy | StoreError::Database(_) | StoreError::Outdated(_) => Self::unavailable(),
            StoreError::Full => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "full", "No space is left", "Nothing of this request was kept.").with(header::RETRY_AFTER, "60")
            }
            StoreError::Exists(what) => Self::new(StatusCode::CONFLICT, "exists", "It exists already", format!("This {what} exists already.")),
            StoreError::TooMany { what, most } => {
                Self::new(StatusCode::CONFLICT, "too-many", "Limit reached", format!("An organisation may have {most} {what}."))
            }
            StoreError::Migration(_) | StoreError::Internal(_) => Self::internal(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
