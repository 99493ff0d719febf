//! Fail-over, tried for real: three PostgreSQL under Patroni with synchronous replication, etcd and HAProxy, two hubs that reach the primary through
//! HAProxy's port, and partners that push all the while. The primary is lost in three ways: it is killed with its Patroni, it is cut off, and it hands
//! over on purpose. Each time it is looked at when both hubs take pushes again, whether every acknowledged push is there once, and whether the hubs
//! said meanwhile that they were not live.
//!
//! etcd is one, on the side that is not cut off: how it survives a loss of its own is not this program's.

mod guard;
mod load;
pub mod network;
mod node;
mod programs;
mod said;
mod site;

use crate::{
    data::{self, Plan},
    database,
    hub::Hub,
    options::Part,
    report::{Report, Scene, Unit, grouped},
};
use anyhow::{Context, bail};
use load::{Answered, Load};
use network::Network;
use programs::Programs;
use said::{Listening, Said, Where};
use site::Site;
use sqlx::{Connection, PgConnection};
use std::{collections::BTreeSet, path::Path, time::Duration};
use tokio::time::{Instant, sleep};

const HUBS: usize = 2;
const DATABASE: &str = "alliance";
/// Pushes before the loss.
const BEFORE: Duration = Duration::from_secs(5);
/// A hub takes pushes again when it has refused none for so long.
const CALM: Duration = Duration::from_secs(8);
/// Without an acknowledgement for so long, a hub takes no pushes.
const SILENCE: Duration = Duration::from_secs(2);
/// Longest wait for that.
const LONGEST: Duration = Duration::from_secs(120);
/// What takes longer is to be said: a hub notices after five seconds that it cannot follow.
const TO_BE_SAID: Duration = Duration::from_secs(7);

/// A way of losing the primary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Kill,
    Cut,
    Switchover,
}

impl Way {
    const ALL: [Self; 3] = [Self::Kill, Self::Cut, Self::Switchover];

    const fn measure(self) -> &'static str {
        match self {
            Self::Kill => "healed_after_kill",
            Self::Cut => "healed_after_cut",
            Self::Switchover => "healed_after_switchover",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Kill => "the primary and its Patroni killed with signal 9",
            Self::Cut => "the primary cut off from the network",
            Self::Switchover => "a planned switchover",
        }
    }
}

/// Tries all ways.
pub async fn run(server: &Path, folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    eprintln!("· starting three PostgreSQL under Patroni");
    let mut site = Site::start(programs, folder).await?;
    database::execute(&site.url("postgres"), &format!("CREATE DATABASE {DATABASE} TEMPLATE template0")).await?;
    let url = site.url(DATABASE);
    let alliance = data::create(&url, &Plan::new(12, 0), 8).await?;
    let mut hubs = vec![];
    for n in 0..HUBS {
        hubs.push(Hub::start(server, &url, folder.join(format!("failover-hub-{n}.log"))).await?);
    }
    let cookie = data::sign_in(&hubs[0], &alliance).await?;
    let mut known = BTreeSet::new();
    for way in Way::ALL {
        if let (Way::Cut, Network::Loopback(reason)) = (way, &site.network) {
            report.title(&format!("Fail-over: {}", way.text()));
            report.line("left out", reason);
            continue;
        }
        eprintln!("· {}", way.text());
        let (load, listening) = (Load::start(&hubs, &alliance), Listening::start(&hubs, &cookie));
        sleep(BEFORE).await;
        let primary = site.primary().await.context("there is no primary")?;
        let lost_at = Instant::now();
        lose(way, &mut site, primary).await?;
        let healed = wait_until_healed(&load, lost_at).await;
        site.wait_for_another(primary).await?;
        let said = listening.said();
        drop(listening);
        let record = load.stop().await?;
        known.extend(record.receipts.iter().cloned());
        let kept = kept(&url).await?;
        let figures = Figures {
            healed,
            longest: (0..HUBS).map(|hub| longest_gap(&record.answers, hub, lost_at)).collect(),
            lost: known.iter().filter(|id| !kept.contains(*id)).count(),
            twice: kept.iter().filter(|id| !known.contains(*id)).count().saturating_sub(record.open),
            acknowledged: record.receipts.len(),
            again: record.again,
            said,
            lost_at,
        };
        // What was given up may be there or not, and is so from now on.
        known.extend(kept);
        figures.write(report, way);
        give_back(way, &mut site, primary).await?;
    }
    for hub in hubs {
        hub.stop().await?;
    }
    site.stop().await
}

async fn lose(way: Way, site: &mut Site, primary: usize) -> anyhow::Result<()> {
    match way {
        Way::Kill => site.node(primary).kill().await,
        Way::Cut => site.set_cable(primary, false),
        Way::Switchover => site.switch_over(primary).await,
    }
}

/// Brings the lost node back, and waits until all is as before.
async fn give_back(way: Way, site: &mut Site, node: usize) -> anyhow::Result<()> {
    match way {
        Way::Kill => site.node(node).start().await?,
        Way::Cut => site.set_cable(node, true)?,
        Way::Switchover => {}
    }
    site.become_whole().await
}

/// How long after the loss each hub took pushes again for good; `None` of one that did not.
async fn wait_until_healed(load: &Load, lost_at: Instant) -> Vec<Option<Duration>> {
    loop {
        let answers = load.answers();
        let healed: Vec<_> = (0..HUBS).map(|hub| healed(&answers, hub, lost_at)).collect();
        // The database's own time passes first: a hub that does not know yet takes pushes still.
        let over = lost_at.elapsed() > CALM + TO_BE_SAID && healed.iter().all(Option::is_some);
        if over || lost_at.elapsed() > LONGEST {
            return healed;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The first acknowledgement after the last refusal and after the longest silence, where the hub has been calm since.
fn healed(answers: &[Answered], hub: usize, lost_at: Instant) -> Option<Duration> {
    let of_hub = || answers.iter().filter(|a| a.hub == hub && a.at >= lost_at);
    let refused = of_hub().filter(|a| !a.accepted).map(|a| a.at).max();
    let (_, silent_until) = longest_gap(answers, hub, lost_at);
    let from = refused.map_or(silent_until, |at| at.max(silent_until));
    let accepted = || of_hub().filter(|a| a.accepted && a.at >= from).map(|a| a.at);
    let (first, last) = (accepted().min()?, accepted().max()?);
    // One that has fallen silent is not healed, whatever it took before.
    (first.elapsed() > CALM && last.elapsed() < SILENCE).then(|| first - lost_at)
}

/// The longest time without an acknowledgement after the loss, and its end.
fn longest_gap(answers: &[Answered], hub: usize, lost_at: Instant) -> (Duration, Instant) {
    let mut times: Vec<_> = answers.iter().filter(|a| a.hub == hub && a.accepted && a.at >= lost_at).map(|a| a.at).collect();
    times.sort();
    let before = std::iter::once(lost_at).chain(times.iter().copied());
    let gaps = before.zip(times.iter().copied()).map(|(from, to)| (to - from, to));
    gaps.max_by_key(|(gap, _)| *gap).unwrap_or((lost_at.elapsed(), Instant::now()))
}

/// The ids of all receipts that the primary has now.
async fn kept(url: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut conn = PgConnection::connect(url).await?;
    let ids: Vec<String> = sqlx::query_scalar("SELECT id::text FROM receipts").fetch_all(&mut conn).await?;
    conn.close().await?;
    let distinct: BTreeSet<_> = ids.iter().cloned().collect();
    if distinct.len() != ids.len() {
        bail!("the primary has {} receipts with {} ids", ids.len(), distinct.len());
    }
    Ok(distinct)
}

/// What came of one loss.
struct Figures {
    healed: Vec<Option<Duration>>,
    longest: Vec<(Duration, Instant)>,
    lost: usize,
    twice: usize,
    acknowledged: usize,
    again: usize,
    said: Vec<Said>,
    lost_at: Instant,
}

impl Figures {
    fn write(&self, report: &mut Report, way: Way) {
        let scene = Scene { database: Some("PostgreSQL"), hubs: Some(HUBS), ..Scene::ANY };
        let mut section = report.section(&format!("Fail-over: {}", way.text()), Part::Failover, scene);
        let healed = self.healed.iter().map(|h| h.map_or(f64::INFINITY, |h| h.as_secs_f64())).fold(0.0, f64::max);
        // JSON knows no infinity; nothing waits longer than this.
        section.figure("both hubs take pushes again after", way.measure(), healed.min(LONGEST.as_secs_f64()), Unit::Seconds);
        let gaps: Vec<_> = self.longest.iter().map(|(gap, _)| ("", "longest_silence".to_owned(), gap.as_secs_f64())).collect();
        section.row("each hub's longest time without one", &gaps, Unit::Seconds);
        section.line("pushes acknowledged, sent again", &format!("{}, {}", grouped(self.acknowledged as f64), grouped(self.again as f64)));
        section.figure("acknowledged and not there", "lost", self.lost as f64, Unit::Count);
        section.figure("there twice", "twice", self.twice as f64, Unit::Count);
        let mut silent = 0;
        for (hub, (gap, until)) in self.longest.iter().enumerate() {
            let by = |place| self.not_live(hub, place, *until);
            let (readyz, stream) = (by(Where::Readyz), by(Where::Stream));
            let text = |at: Option<Duration>| at.map_or_else(|| "did not say it".to_owned(), |at| format!("after {:.1} s", at.as_secs_f64()));
            section.line(&format!("hub {}: not live by /readyz, by open pages", hub + 1), &format!("{}, {}", text(readyz), text(stream)));
            silent += usize::from(*gap > TO_BE_SAID && (readyz.is_none() || stream.is_none()));
        }
        section.figure("hubs that kept it to themselves", "silent", silent as f64, Unit::Count);
    }

    /// How long after the loss a hub first said at a place that it was not live, if it did so in time.
    fn not_live(&self, hub: usize, place: Where, until: Instant) -> Option<Duration> {
        let said = self.said.iter().filter(|s| s.hub == hub && s.place == place && !s.live && s.at >= self.lost_at && s.at <= until);
        said.map(|s| s.at - self.lost_at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of the first hub, each so many milliseconds after the loss, which was a minute ago.
    fn answers(all: &[(u64, bool)]) -> (Vec<Answered>, Instant) {
        let lost_at = Instant::now().checked_sub(Duration::from_secs(60)).expect("a minute ago");
        let one = |&(millis, accepted): &(u64, bool)| Answered { hub: 0, at: lost_at + Duration::from_millis(millis), accepted };
        (all.iter().map(one).collect(), lost_at)
    }

    #[test]
    fn a_hub_is_healed_with_the_first_push_after_its_last_refusal() {
        let calm: Vec<_> = (20_000..60_000).step_by(500).map(|millis| (millis, true)).collect();
        let (all, lost_at) = answers(&[&[(50, true), (3_000, false), (19_000, false)], &calm[..]].concat());
        assert_eq!(healed(&all, 0, lost_at), Some(Duration::from_secs(20)));
        assert_eq!(longest_gap(&all, 0, lost_at).0, Duration::from_millis(19_950));
        assert_eq!(healed(&all, 1, lost_at), None, "of the other one nothing was heard");
    }

    #[test]
    fn a_hub_that_is_silent_or_refuses_is_not_healed() {
        let (silent, lost_at) = answers(&[(50, true), (100, true)]);
        assert_eq!(healed(&silent, 0, lost_at), None);
        let calm: Vec<_> = (20_000..60_000).step_by(500).map(|millis| (millis, true)).collect();
        let (refusing, lost_at) = answers(&[&calm[..], &[(59_000, false)]].concat());
        assert_eq!(healed(&refusing, 0, lost_at), None);
    }
}
