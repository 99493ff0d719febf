//! What stands around every route: headers that browsers obey, one spelling for each address, a net for panics, a look for NUL, and, around those
//! for people, the origin check.
//!
//! From the outside in: [`security_headers`] (so that every answer has them, errors too), [`in_kind`], [`plain_address`], [`catch_panic`], [`no_nul`],
//! then the routes; [`same_origin`] and [`sign_in_can_work`] stand around the routes that know sessions. Nothing further in reads the path to find out what somebody may:
//! that is said by the [route that matched](crate::routes::MatchedRoute).

mod headers;
mod local;
mod nul;
mod origin;
mod panic;
mod plain;
mod refusal;

pub use headers::{MayBeKept, PageNonce, security_headers};
pub use local::{is_loopback, sign_in_can_work};
pub use nul::{Form, no_nul};
pub use origin::same_origin;
pub use panic::catch_panic;
pub use plain::plain_address;
pub(crate) use plain::unclear_path;
pub use refusal::{SignInFirst, WayBack, in_kind, logged_path, malformed, wants_page};
pub(crate) use refusal::{back_to, is_machine};
