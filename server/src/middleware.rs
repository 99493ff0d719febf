//! What stands around every route: headers that browsers obey, the origin check, a look for NUL, and a net for panics.
//!
//! From the outside in: [`security_headers`] (so that every answer has them, errors too), [`catch_panic`],
//! [`same_origin`], [`no_nul`], then the routes.

mod headers;
mod nul;
mod origin;
mod panic;

pub use headers::{PageNonce, security_headers};
pub use nul::{Form, no_nul};
pub use origin::same_origin;
pub use panic::catch_panic;
