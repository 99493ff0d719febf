//! What a test's hub logs.

use std::{cell::RefCell, io::Write, sync::Once};
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, fmt::layer, layer::SubscriberExt, registry};

thread_local! {
    /// What this thread's hub logs, once somebody listens; a test and its hub run on one thread.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes into the log of the thread it is used on.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.iter_mut().for_each(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens, from now on, to everything that the hub's own parts can say.
pub fn listen() {
    static ONCE: Once = Once::new();
    LOG.set(Some(Vec::new()));
    ONCE.call_once(|| {
        let heard = dynamic_filter_fn(|what, _| {
            LOG.with_borrow(Option::is_some) && ["server", "store", "app", "tower_http"].iter().any(|part| what.target().starts_with(part))
        });
        let subscriber = registry().with(layer().with_ansi(false).with_writer(|| Log).with_filter(heard));
        // For the whole process: what other threads have seen as unheard stays unheard by a subscriber of one thread.
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
}

/// What was said since [`listen`].
pub fn logged() -> String {
    String::from_utf8(LOG.take().expect("a log")).expect("text")
}
