//! Structured logs on standard error: lines for people on a terminal, JSON lines otherwise. `RUST_LOG` filters; the default is
//! `info`. Never logged: API keys, passwords, one-time links, cookies, payloads.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging for the whole program; a second call changes nothing. A `client` says itself what it waits for and how it ended, so its log has
/// faults only.
pub fn start(client: bool) {
    // The WebAuthn library calls errors what is usual; what is refused we say ourselves.
    let default = if client { "error" } else { "info,tower_sessions_core=error,webauthn_rs_core=off" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // A log that cannot be written (a full disk, a reader that left) must not stop what it tells of: by default that is a panic.
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    // Fails only when logging was started before.
    let _ = if std::io::stderr().is_terminal() { logs.with_target(false).try_init() } else { logs.json().try_init() };
}
