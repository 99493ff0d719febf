//! Who keeps a connection where there is not room for all.
//!
//! A connection begins as anonymous and becomes its party's (a person's, an API key's) with the first request that shows one. Anonymous ones are
//! bounded for each address and in all, and when one too many comes, the one that has been idle longest is closed for it: a new connection always
//! finds a seat, long enough to ask for `/healthz` or to show who it is. Those of a party are bounded for each person or key, for each organisation, and
//! in all by what is kept free for newcomers; beyond that they stay anonymous. However often somebody signs in, it is one person. So whatever strangers do, those who are signed in keep theirs and get new ones.
//!
//! A trusted proxy's connections carry the requests of many clients, so they count for no address and no party; instead each request takes an
//! anonymous seat of its client's address until its answer is over, or until it shows whose it is.

use super::{Limits, network};
use dashmap::{DashMap, Entry};
use domain::OrgId;
use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    net::IpAddr,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::{sync::Notify, time::Instant};

/// Whose a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    /// A person, by number.
    Person(i64),
    /// A key, by number.
    Key(i64),
}

/// Whose a connection is, and which organisation's that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    pub member: Member,
    pub org: OrgId,
}

/// The seats that are taken.
pub struct Room {
    limits: Limits,
    began: Instant,
    made: AtomicU64,
    /// Connections without a party, and with one.
    anonymous: AtomicUsize,
    identified: AtomicUsize,
    addresses: DashMap<IpAddr, usize>,
    members: DashMap<Member, usize>,
    orgs: DashMap<OrgId, usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Anonymous,
    Of(Party),
    /// A trusted proxy's connection.
    Proxy,
}

/// One connection, or one request that came through a proxy. Dropping it frees the seat.
pub struct Seat {
    room: Arc<Room>,
    /// Grows from seat to seat.
    number: u64,
    /// `None` for the connection of a proxy.
    address: Option<IpAddr>,
    is_connection: bool,
    standing: Mutex<Standing>,
    /// Milliseconds from the room's beginning to the last time that a request began or was answered.
    used: AtomicU64,
    is_closed: AtomicBool,
    closed: Notify,
}

impl Room {
    pub fn new(limits: Limits) -> Arc<Self> {
        let (anonymous, identified) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (addresses, members, orgs) = (DashMap::new(), DashMap::new(), DashMap::new());
        Arc::new(Self { limits, began: Instant::now(), made: AtomicU64::new(0), anonymous, identified, addresses, members, orgs })
    }

    /// A seat for a client's connection.
    pub fn connection(self: &Arc<Self>, client: IpAddr) -> Arc<Seat> {
        let address = network(client);
        self.anonymous.fetch_add(1, Ordering::Relaxed);
        *self.addresses.entry(address).or_default() += 1;
        self.seat(Some(address), true, Standing::Anonymous)
    }

    /// A seat for a trusted proxy's connection. Beyond what may be identified it is one that is closed when idle.
    pub fn proxy(self: &Arc<Self>) -> Arc<Seat> {
        let standing = if self.identify() { Standing::Proxy } else { Standing::Anonymous };
        if standing == Standing::Anonymous {
            self.anonymous.fetch_add(1, Ordering::Relaxed);
        }
        self.seat(None, true, standing)
    }

    /// A seat for a request that a proxy passes on; `None` where its client's address has too many open already.
    pub fn request(self: &Arc<Self>, client: IpAddr) -> Option<Arc<Seat>> {
        let address = network(client);
        take(&self.addresses, address, self.limits.per_address).then(|| self.seat(Some(address), false, Standing::Anonymous))
    }

    fn seat(self: &Arc<Self>, address: Option<IpAddr>, is_connection: bool, standing: Standing) -> Arc<Seat> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let (standing, used) = (Mutex::new(standing), AtomicU64::new(self.now()));
        Arc::new(Seat { room: Arc::clone(self), number, address, is_connection, standing, used, is_closed: AtomicBool::new(false), closed: Notify::new() })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Counts one more connection that may stay, while enough are free for newcomers.
    fn identify(&self) -> bool {
        let most = self.limits.connections.saturating_sub(self.limits.reserve());
        self.identified.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| (n < most).then_some(n + 1)).is_ok()
    }

    /// Counts one more of a party, while its member and its organisation have one free.
    fn seat_for(&self, party: Party) -> bool {
        if !take(&self.members, party.member, self.limits.per_member) {
            return false;
        }
        let free = take(&self.orgs, party.org, self.limits.per_organisation());
        if !free {
            give_back(&self.members, party.member);
        }
        free
    }

    fn leave(&self, party: Party) {
        give_back(&self.members, party.member);
        give_back(&self.orgs, party.org);
    }

    /// Whether there are more connections than there may be.
    fn is_crowded(&self) -> bool {
        let (anonymous, identified) = (self.anonymous.load(Ordering::Relaxed), self.identified.load(Ordering::Relaxed));
        anonymous > self.limits.anonymous || anonymous + identified > self.limits.connections
    }

    fn is_crowded_at(&self, address: IpAddr) -> bool {
        self.addresses.get(&address).is_some_and(|open| *open > self.limits.per_address)
    }
}

/// Counts one more of a kind, unless there are so many already.
pub fn take<K: Eq + Hash>(counts: &DashMap<K, usize>, of: K, most: usize) -> bool {
    let mut count = counts.entry(of).or_default();
    let free = *count < most;
    *count += usize::from(free);
    free
}

/// Counts one less, and forgets what has none.
pub fn give_back<K: Eq + Hash>(counts: &DashMap<K, usize>, of: K) {
    if let Entry::Occupied(mut count) = counts.entry(of) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

impl Seat {
    /// A request begins, or is answered.
    pub fn use_now(&self) {
        self.used.store(self.room.now(), Ordering::Relaxed);
    }

    /// A request has shown whose it is: from now on the seat is that party's, if the party has one free.
    pub fn identify(&self, party: Party) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if *standing != Standing::Anonymous || self.address.is_none() || !self.room.seat_for(party) {
            return;
        }
        if self.is_connection && !self.room.identify() {
            self.room.leave(party);
            return;
        }
        self.leave_anonymous();
        *standing = Standing::Of(party);
    }

    /// Whether no request has shown whose it is.
    pub fn is_anonymous(&self) -> bool {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) == Standing::Anonymous
    }

    fn leave_anonymous(&self) {
        if self.is_connection {
            self.room.anonymous.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(address) = self.address {
            give_back(&self.room.addresses, address);
        }
    }

    /// The connection is to be closed for another.
    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.closed.notify_waiters();
    }

    /// Resolves once the connection is to be closed for another, for everybody who waits for that.
    pub async fn closed(&self) {
        let mut told = pin!(self.closed.notified());
        told.as_mut().enable();
        if !self.is_closed.load(Ordering::Acquire) {
            told.await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let standing = *self.standing.get_mut().unwrap_or_else(PoisonError::into_inner);
        match standing {
            Standing::Anonymous => self.leave_anonymous(),
            Standing::Of(party) => self.room.leave(party),
            Standing::Proxy => {}
        }
        if standing != Standing::Anonymous && self.is_connection {
            self.room.identified.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The connections that can be closed for another, in the order in which they would be: of all addresses and of each. Belongs to the loop that accepts.
#[derive(Default)]
pub struct Order {
    all: Queue,
    of: HashMap<IpAddr, Queue>,
}

impl Order {
    /// Takes a new connection's seat into the order, and closes the idlest where there are too many now. Returns how many that were.
    pub fn take(&mut self, seat: &Arc<Seat>) -> usize {
        let mut closed = 0;
        self.all.push(seat);
        if let Some(address) = seat.address {
            let queue = self.of.entry(address).or_default();
            queue.push(seat);
            if seat.room.is_crowded_at(address) {
                closed += queue.close_idlest();
            }
        }
        // One in, one out: what was told to close is counted until it has.
        if closed == 0 && seat.room.is_crowded() {
            closed += self.all.close_idlest();
        }
        if self.of.len() > 2 * seat.room.addresses.len() + 64 {
            self.of.retain(|_, queue| queue.tidy());
        }
        closed
    }
}

/// Anonymous connections by when they were used last, as far as it was looked: one that was used since finds its place when its turn comes.
#[derive(Default)]
struct Queue {
    seats: BTreeMap<(u64, u64), Weak<Seat>>,
    /// So many it had when those that are gone were last taken out.
    tidied: usize,
}

impl Queue {
    fn push(&mut self, seat: &Arc<Seat>) {
        if self.seats.len() > 2 * self.tidied + 64 {
            self.tidy();
        }
        self.seats.insert((seat.used.load(Ordering::Relaxed), seat.number), Arc::downgrade(seat));
    }

    /// Takes out those that are gone or anonymous no more; whether any stay.
    fn tidy(&mut self) -> bool {
        self.seats.retain(|_, seat| seat.upgrade().is_some_and(|seat| seat.is_anonymous()));
        self.tidied = self.seats.len();
        self.tidied > 0
    }

    /// Closes the one that has been idle longest; returns how many that were: none where all are gone or identified.
    fn close_idlest(&mut self) -> usize {
        while let Some(((looked, number), seat)) = self.seats.pop_first() {
            let Some(alive) = seat.upgrade().filter(|seat| seat.is_anonymous()) else { continue };
            let used = alive.used.load(Ordering::Relaxed);
            if used > looked {
                self.seats.insert((used, number), seat);
                continue;
            }
            alive.close();
            return 1;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn room(connections: usize, anonymous: usize, per_address: usize, per_member: usize) -> Arc<Room> {
        Room::new(Limits { connections, anonymous, per_address, per_member, ..Limits::default() })
    }

    fn person(number: i64, org: i64) -> Party {
        Party { member: Member::Person(number), org: OrgId(org) }
    }

    #[tokio::test]
    async fn an_organisation_has_a_quarter_however_many_its_people_are() {
        let room = room(16, 50, 50, 2);
        let seats: Vec<_> = (0..12).map(|_| room.connection(A)).collect();
        for (n, seat) in (1..).zip(&seats) {
            // A key as well as a person, and each again under another session, which is no other party.
            seat.identify(Party { member: if n % 2 == 0 { Member::Key(n / 4) } else { Member::Person(n / 4) }, org: OrgId(1) });
        }
        assert_eq!(room.identified.load(Ordering::Relaxed), 4);
        let other = room.connection(B);
        other.identify(person(99, 2));
        assert!(!other.is_anonymous(), "another organisation's has its own share");
        drop((seats, other));
        assert!(room.members.is_empty() && room.orgs.is_empty() && room.addresses.is_empty());
    }

    /// Whether a seat is closed for another.
    async fn closed(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::ZERO, seat.closed()).await.is_ok()
    }

    #[tokio::test]
    async fn the_idlest_of_a_crowded_address_makes_room() {
        let (room, mut order) = (room(100, 50, 2, 9), Order::default());
        let mut open = vec![];
        for (at, address) in [(5, B), (10, A), (15, A)] {
            let seat = room.connection(address);
            seat.used.store(at, Ordering::Relaxed);
            assert_eq!(order.take(&seat), 0);
            open.push(seat);
        }
        open[1].used.store(20, Ordering::Relaxed);
        let fourth = room.connection(A);
        fourth.used.store(25, Ordering::Relaxed);
        assert_eq!(order.take(&fourth), 1);
        assert!(closed(&open[2]).await, "the one that was not used");
        assert!(!closed(&open[1]).await && !closed(&open[0]).await && !closed(&fourth).await);
    }

    #[tokio::test]
    async fn who_is_identified_stays_and_a_party_has_only_so_many() {
        let (room, mut order) = (room(100, 3, 50, 2), Order::default());
        let seats: Vec<_> = (0..3).map(|_| room.connection(A)).collect();
        for seat in &seats {
            seat.identify(person(1, 1));
            order.take(seat);
        }
        assert_eq!(room.anonymous.load(Ordering::Relaxed), 1, "the third is one too many for its party");
        let (mut more, mut closings) = (vec![], 0);
        for _ in 0..3 {
            let seat = room.connection(B);
            closings += order.take(&seat);
            more.push(seat);
        }
        assert!(closings == 1 && closed(&seats[2]).await && !closed(&seats[0]).await && !closed(&seats[1]).await);
        drop((seats, more));
        assert!(room.anonymous.load(Ordering::Relaxed) == 0 && room.identified.load(Ordering::Relaxed) == 0);
        assert!(room.addresses.is_empty() && room.members.is_empty() && room.orgs.is_empty());
    }

    #[tokio::test]
    async fn however_many_are_identified_a_newcomer_finds_a_seat() {
        let (room, mut order) = (room(16, 8, 50, 50), Order::default());
        let seats: Vec<_> = (0..16).map(|_| room.connection(A)).collect();
        for seat in &seats {
            seat.identify(person(seat.number as i64, seat.number as i64));
            order.take(seat);
        }
        let newcomer = room.connection(B);
        assert_eq!(order.take(&newcomer), 1);
        assert!(!closed(&newcomer).await, "another makes room");
    }

    #[tokio::test]
    async fn behind_a_proxy_requests_are_counted_for_their_clients() {
        let room = room(100, 50, 2, 9);
        let connections: Vec<_> = (0..10).map(|_| room.proxy()).collect();
        let first = (room.request(A).expect("one"), room.request(A).expect("two"));
        assert!(room.request(A).is_none() && room.request(B).is_some());
        first.0.identify(person(1, 1));
        let third = room.request(A);
        assert!(third.is_some(), "who is signed in takes no seat of the address");
        assert!(room.request(A).is_none());
        drop((first, third));
        assert!(room.request(A).is_some());
        drop(connections);
        assert!(room.identified.load(Ordering::Relaxed) == 0 && room.addresses.is_empty() && room.members.is_empty() && room.orgs.is_empty());
    }

    #[tokio::test]
    async fn what_is_gone_is_forgotten() {
        let (room, mut order) = (room(100_000, 50_000, 2, 9), Order::default());
        for n in 0..10_000_u32 {
            let seat = room.connection(IpAddr::from(n.to_be_bytes()));
            order.take(&seat);
        }
        assert!(order.all.seats.len() < 200 && order.of.len() < 200, "{} {}", order.all.seats.len(), order.of.len());
    }
}
