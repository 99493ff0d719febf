//! The network between hub and database, which can be cut without a word: nothing is refused, nothing is closed, nothing arrives.

use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Clone)]
pub struct Network {
    whole: Arc<watch::Sender<bool>>,
}

impl Default for Network {
    fn default() -> Self {
        Self { whole: Arc::new(watch::Sender::new(true)) }
    }
}

impl Network {
    /// The same database's address by way of this network.
    pub async fn way_to(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once('@').expect("user@host");
        let (host, database) = rest.split_once('/').expect("host/database");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (network, host) = (self.clone(), host.to_owned());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (network, host) = (network.clone(), host.clone());
                tokio::spawn(async move {
                    network.passing().await;
                    let Ok(far) = TcpStream::connect(&host).await else { return };
                    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
                    tokio::join!(network.carry(from_near, to_far), network.carry(from_far, to_near));
                });
            }
        });
        format!("{scheme}@{address}/{database}")
    }

    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn mend(&self) {
        self.whole.send_replace(true);
    }

    async fn passing(&self) {
        let _ = self.whole.subscribe().wait_for(|whole| *whole).await;
    }

    async fn carry(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(n @ 1..) = from.read(&mut buffer).await {
            self.passing().await;
            if to.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    }
}
