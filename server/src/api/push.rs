//! What all pushes share: how they are taken, and how that is described.

use super::{problem::Problem, request::accept, submit};
use crate::App;
use axum::{body::Body, extract::Request, response::Response};
use store::What;
use utoipa::{
    Modify,
    openapi::{
        ContentBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    },
};

/// Takes a push through one endpoint, from its key to its receipt.
pub async fn take(app: &App, what: What, request: Request<Body>) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let accepted = accept(app, &parts, body, what).await?;
    submit::push(app, &format!("/{}", what.name()), what, accepted).await
}

/// What a push is refused with, beside what its endpoint says itself.
const REFUSALS: [(&str, &str); 11] = [
    ("400", "Cannot be read"),
    ("401", "No valid key"),
    ("403", "The key may not do this"),
    ("408", "The body did not come in time"),
    ("409", "A request with this Idempotency-Key is in flight"),
    ("413", "Too large"),
    ("415", "Unsupported media type or encoding"),
    ("422", "Nothing of it can be kept"),
    ("429", "Too many pushes in a minute, or bytes in a day"),
    ("503", "Not available just now"),
    ("507", "No space is left, or the organisation has as much here as it may; nothing was kept"),
];

/// Headers a push may carry.
const HEADERS: [(&str, &str); 2] = [("Idempotency-Key", "Makes repeating the request harmless"), ("Prefer", "`handling=strict`: all items or none")];

/// Describes headers and refusals of every operation tagged `push`, and what every read is refused with.
pub struct Pushes;

impl Modify for Pushes {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let operations = api.paths.paths.values_mut().flat_map(|path| [&mut path.post, &mut path.put]).flatten();
        for operation in operations.filter(|o| o.tags.iter().flatten().any(|tag| tag == "push")) {
            describe(operation);
        }
        for operation in api.paths.paths.values_mut().filter_map(|path| path.get.as_mut()) {
            for refusal in [("429", "Too many reads in a minute"), ("503", "Not available just now")] {
                refuse(operation, refusal);
            }
        }
    }
}

fn describe(operation: &mut Operation) {
    operation.parameters.get_or_insert_default().extend(HEADERS.map(|h| RefOr::T(header(h))));
    for refusal in REFUSALS {
        refuse(operation, refusal);
    }
}

fn refuse(operation: &mut Operation, (status, description): (&str, &str)) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refusal = ResponseBuilder::new().description(description).content("application/problem+json", problem).build();
    operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(refusal));
}

fn header((name, description): (&str, &str)) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let text = if name == "Idempotency-Key" { text.max_length(Some(200)).pattern(Some("^[!#-\\[\\]-~]+$")) } else { text };
    ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).description(Some(description)).schema(Some(text)).build()
}
