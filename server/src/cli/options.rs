//! Options that several commands share: where the hub listens, where its data is, how long it keeps what.

use crate::{App, audit, auth::seal, key_file::Kind, middleware::is_loopback, quotas::Quotas, serving::Proxies, state::Config};
use clap::Args;
use domain::{DAY, HOUR, MINUTE, SECOND};
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};
use store::{ByteQuota, Retention};

/// The alliance's name where none is given.
pub const ALLIANCE: &str = "Alliance";

/// How a hub runs.
#[derive(Args, Clone, Debug)]
pub struct HubOptions {
    #[command(flatten)]
    pub address: AddressOptions,
    /// The alliance's name, for the head of the pages.
    #[arg(long, env = "SHIELDWALL_ALLIANCE", default_value = ALLIANCE)]
    pub alliance: String,
    /// The key that signs the audit trail's checkpoints, made where the database has none; all hubs of one database need the same. The default is beside
    /// SQLite's file, else data/shieldwall.signing-key.
    #[arg(long, env = "SHIELDWALL_SIGNING_KEY_FILE")]
    signing_key_file: Option<PathBuf>,
    /// The key that seals secrets of authenticator apps, made where the database has none; all hubs of one database need the same. The default is beside
    /// SQLite's file, else data/shieldwall.sealing-key.
    #[arg(long, env = "SHIELDWALL_SEALING_KEY_FILE")]
    sealing_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub retention: RetentionOptions,
    /// Reverse proxies in front of the hub, as addresses or networks such as 10.0.0.5,10.1.0.0/16. Only what these say in X-Forwarded-For or Forwarded
    /// about their clients is believed. Without this no proxy is, not even one on this machine: each connection is its own client.
    #[arg(long, env = "SHIELDWALL_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR", value_parser = parse_network)]
    trusted_proxies: Vec<IpNet>,
    #[command(flatten)]
    quotas: QuotaOptions,
    /// Ask nobody to have a second factor. Without this, administrators, coordinators, stewards and auditors must set one up.
    #[arg(long, env = "SHIELDWALL_OPTIONAL_SECOND_FACTOR")]
    optional_second_factor: bool,
}

/// Where a hub is.
#[derive(Args, Clone, Debug)]
pub struct AddressOptions {
    /// Address and port to listen on.
    #[arg(long, env = "SHIELDWALL_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Where people reach the hub, such as https://shieldwall.example.org; the default is http:// and the listening address, for this machine alone. Passkeys belong to
    /// this address, and need HTTPS and a name in it, or http://localhost.
    #[arg(long, env = "SHIELDWALL_PUBLIC_URL", value_parser = parse_public_url)]
    pub public_url: Option<String>,
}

/// Days each class of data is kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Retention, in days")]
pub struct RetentionOptions {
    /// Raw metric samples.
    #[arg(long, env = "SHIELDWALL_RETAIN_SAMPLES_DAYS", default_value_t = Retention::default().samples)]
    retain_samples_days: u32,
    /// Hourly rollups; daily ones stay.
    #[arg(long, env = "SHIELDWALL_RETAIN_HOURS_DAYS", default_value_t = Retention::default().hours)]
    retain_hours_days: u32,
    /// Raw payloads of pushes.
    #[arg(long, env = "SHIELDWALL_RETAIN_PAYLOADS_DAYS", default_value_t = Retention::default().payloads)]
    retain_payloads_days: u32,
    /// Security events.
    #[arg(long, env = "SHIELDWALL_RETAIN_EVENTS_DAYS", default_value_t = Retention::default().events)]
    retain_events_days: u32,
    /// Receipts.
    #[arg(long, env = "SHIELDWALL_RETAIN_RECEIPTS_DAYS", default_value_t = Retention::default().receipts)]
    retain_receipts_days: u32,
    /// Idempotency keys.
    #[arg(long, env = "SHIELDWALL_RETAIN_IDEMPOTENCY_DAYS", default_value_t = Retention::default().idempotency)]
    retain_idempotency_days: u32,
    /// The log of changes that live pages replay from.
    #[arg(long, env = "SHIELDWALL_RETAIN_OUTBOX_DAYS", default_value_t = Retention::default().outbox)]
    retain_outbox_days: u32,
}

/// How much each organisation, and each session, may take of the hub.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Quotas")]
struct QuotaOptions {
    /// Pushes of an organisation in a minute, with all its keys; each hub counts for itself.
    #[arg(long, env = "SHIELDWALL_QUOTA_PUSHES_PER_MINUTE", default_value_t = Quotas::default().pushes_per_minute)]
    quota_pushes_per_minute: u32,
    /// Bytes that an organisation pushes in a day (UTC), as they are after inflating.
    #[arg(long, env = "SHIELDWALL_QUOTA_BYTES_PER_DAY", default_value_t = Quotas::default().bytes.per_day)]
    quota_bytes_per_day: u64,
    /// Bytes of an organisation's pushes as long as their payloads are kept: payloads, their content, and refusals; retention frees them.
    #[arg(long, env = "SHIELDWALL_QUOTA_BYTES_TOTAL", default_value_t = Quotas::default().bytes.total)]
    quota_bytes_total: u64,
    /// Live API keys of an organisation.
    #[arg(long, env = "SHIELDWALL_QUOTA_KEYS", default_value_t = Quotas::default().keys)]
    quota_keys: u32,
    /// Seconds that the pages and files of one person may keep the hub at work in a minute; each hub counts for itself.
    #[arg(long, env = "SHIELDWALL_QUOTA_PAGE_SECONDS_PER_MINUTE", default_value_t = Quotas::default().page_seconds_per_minute)]
    quota_page_seconds_per_minute: u32,
    /// Forms that one person may send in a minute, and times that they may sign in; each hub counts for itself.
    #[arg(long, env = "SHIELDWALL_QUOTA_CHANGES_PER_MINUTE", default_value_t = Quotas::default().changes_per_minute)]
    quota_changes_per_minute: u32,
}

impl AddressOptions {
    /// The address in links, without a slash at the end. Who listens on all addresses is reached at one of them; plain HTTP is for this machine alone.
    pub fn base_url(&self) -> String {
        let here = if self.listen.ip().is_unspecified() { format!("localhost:{}", self.listen.port()) } else { self.listen.to_string() };
        self.public_url.clone().unwrap_or_else(|| format!("http://{here}"))
    }
}

impl HubOptions {
    /// Where the key is that signs.
    ///
    /// # Errors
    /// When the database's address cannot be read.
    pub fn signing_key(&self, database: &str) -> anyhow::Result<PathBuf> {
        self.signing_key_file.clone().map_or_else(|| audit::KEY.file(database), Ok)
    }

    /// Gives a hub on this database its keys: the one that signs, and the one that seals.
    ///
    /// # Errors
    /// When one can be neither read nor made, or the database has another.
    pub async fn give_keys(&self, app: &App, database: &str) -> anyhow::Result<()> {
        let file = |given: &Option<PathBuf>, kind: Kind| given.clone().map_or_else(|| kind.file(database), Ok);
        app.audit.open_with(&app.store, &self.signing_key(database)?, database).await?;
        app.seal.open_with(&app.store, &file(&self.sealing_key_file, seal::KEY)?).await
    }

    /// The running program's configuration.
    pub fn config(&self, demo: bool) -> Config {
        let https = self.address.base_url().starts_with("https://");
        let (r, q) = (&self.retention, &self.quotas);
        Config {
            listen: self.address.listen,
            public_url: self.address.base_url(),
            public_url_given: self.address.public_url.is_some(),
            alliance: self.alliance.clone(),
            demo,
            insecure_cookies: self.address.listen.ip().is_loopback() && !https,
            trusted_proxies: self.trusted_proxies.clone().into(),
            // In a demo everybody is one click away.
            second_factor: !demo && !self.optional_second_factor,
            retention: Retention {
                samples: r.retain_samples_days,
                hours: r.retain_hours_days,
                payloads: r.retain_payloads_days,
                events: r.retain_events_days,
                receipts: r.retain_receipts_days,
                idempotency: r.retain_idempotency_days,
                outbox: r.retain_outbox_days,
            },
            quotas: Quotas {
                pushes_per_minute: q.quota_pushes_per_minute,
                bytes: ByteQuota { per_day: q.quota_bytes_per_day, total: q.quota_bytes_total },
                keys: q.quota_keys,
                page_seconds_per_minute: q.quota_page_seconds_per_minute,
                changes_per_minute: q.quota_changes_per_minute,
            },
        }
    }
}

/// The configuration of commands that open a hub's database and listen nowhere.
pub fn offline() -> Config {
    Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: String::new(),
        public_url_given: false,
        alliance: ALLIANCE.to_owned(),
        demo: false,
        insecure_cookies: false,
        trusted_proxies: Proxies::default(),
        second_factor: true,
        retention: Retention::default(),
        quotas: Quotas::default(),
    }
}

/// Reads an address that links can be made from.
pub fn parse_public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let parsed = reqwest::Url::parse(url).map_err(|e| e.to_string())?;
    let plain = matches!(parsed.scheme(), "http" | "https") && parsed.query().is_none() && parsed.fragment().is_none() && parsed.username().is_empty();
    if !plain {
        return Err("must be an http or https address without query".to_owned());
    }
    if parsed.path() != "/" {
        return Err(
            "must have no path: the hub's pages stand at the root, so give it a host name of its own, such as https://shieldwall.example.org".to_owned()
        );
    }
    // Cookies without Secure and passwords in the clear stay on one machine.
    if parsed.scheme() == "http" && !parsed.host_str().is_some_and(is_loopback) {
        return Err("must be https://; plain http:// is for this machine alone, as localhost or 127.0.0.1".to_owned());
    }
    Ok(url.to_owned())
}

/// Reads a network, or an address as the network of it alone.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.map(|network| network.trunc()).ok_or_else(|| "must be an address or a network, such as 10.0.0.5 or 10.1.0.0/16".to_owned())
}

/// Reads a length of time such as `30s`, `5m`, `12h`, `90d`, as microseconds.
///
/// # Errors
/// A sentence for whoever typed it.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let wrong = || "must be a whole number with its unit, such as 30s, 5m, 12h or 90d".to_owned();
    let text = text.trim();
    let unit = match text.as_bytes().last() {
        Some(b's') => SECOND,
        Some(b'm') => MINUTE,
        Some(b'h') => HOUR,
        Some(b'd') => DAY,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    if number <= 0 {
        return Err("must be more than nothing".to_owned());
    }
    number.checked_mul(unit).filter(|micros| *micros <= 3_660 * DAY).ok_or_else(|| "must be at most ten years".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("5m"), Ok(5 * MINUTE));
        assert_eq!(parse_duration(" 90d "), Ok(90 * DAY));
        for bad in ["", "m", "5", "-5m", "0s", "5 m", "é", "99999999999999999d", "1.5h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_network_may_be_one_address() {
        assert_eq!(parse_network(" 10.1.2.3/16").map(|n| n.to_string()), Ok("10.1.0.0/16".to_owned()));
        assert_eq!(parse_network("10.0.0.5").map(|n| n.to_string()), Ok("10.0.0.5/32".to_owned()));
        assert_eq!(parse_network("2001:db8::1").map(|n| n.to_string()), Ok("2001:db8::1/128".to_owned()));
        assert!(parse_network("proxy.example").is_err());
    }

    #[test]
    fn addresses_are_plain() {
        assert_eq!(parse_public_url("https://hub.example/"), Ok("https://hub.example".to_owned()));
        assert!(parse_public_url("ftp://hub.example").is_err());
        assert!(parse_public_url("hub.example").is_err());
        assert!(parse_public_url("https://hub.example/shieldwall").unwrap_err().contains("no path"));
        assert!(parse_public_url("http://hub.example").is_err());
        assert!(parse_public_url("http://127.0.0.1:3000").is_ok() && parse_public_url("http://localhost:3000").is_ok());
    }
}
