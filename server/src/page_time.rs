//! How long one person's pages, files and forms keep the hub at work: so many seconds in a minute, however many sessions the person has.
//!
//! Counted is what answers took, not how many they were: a search that reads thousands of rows takes more of it than a page from the cache, and when the
//! hub is slow everybody takes less of it. Nobody who reads pages comes near it; whoever asks for heavy ones from several connections at once does.
//! Streams are not counted: they are open all day and cost little. Where the database does not answer, waiting for it counts for a part.
//!
//! Beside it, only so many answers are [made at once](Places) for one person, and for one organisation: however heavy what they ask for is, the others find
//! connections to the database that are free.

use crate::{App, auth::SignedIn};
use axum::{
    Extension,
    extract::{Request, State},
    http::{Extensions, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use dashmap::DashMap;
use domain::{MINUTE, OrgId, SECOND, Timestamp};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counted for an answer from its begin on, until it is known what it took: so many at once are no way around. In microseconds.
const EXPECTED: i64 = SECOND / 4;

/// The most that an answer counts for which the hub had nothing to answer with: the person may only have waited, or asked for too much. Whoever tries again
/// whenever such an answer comes, does not use up a minute.
const WAITED: i64 = 4 * SECOND;

/// How long an answer waits for its [`Place`].
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is answered at once: so many of a person's requests, and so many of an organisation's.
#[derive(Debug)]
struct Places {
    of_person: usize,
    of_org: usize,
    people: DashMap<i64, Arc<Semaphore>>,
    orgs: DashMap<OrgId, Arc<Semaphore>>,
}

/// A place of a person and of the organisation; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    _person: OwnedSemaphorePermit,
    _org: OwnedSemaphorePermit,
}

impl Places {
    fn new(of_person: usize, of_org: usize) -> Self {
        Self { of_person, of_org, people: DashMap::new(), orgs: DashMap::new() }
    }

    /// Waits for a place; `None` where none becomes free in time.
    async fn take(&self, user: i64, org: OrgId) -> Option<Place> {
        let person = Arc::clone(&self.people.entry(user).or_insert_with(|| Arc::new(Semaphore::new(self.of_person))));
        let org = Arc::clone(&self.orgs.entry(org).or_insert_with(|| Arc::new(Semaphore::new(self.of_org))));
        // The person's first, always: who waits for the organisation's then stands in the way of nobody else of it.
        let both = async { Some(Place { _person: person.acquire_owned().await.ok()?, _org: org.acquire_owned().await.ok()? }) };
        tokio::time::timeout(PATIENCE, both).await.ok().flatten()
    }

    /// Forgets those whose places nobody has, or waits for.
    fn forget(&self) {
        self.people.retain(|_, places| Arc::strong_count(places) > 1);
        self.orgs.retain(|_, places| Arc::strong_count(places) > 1);
    }
}

/// What people have used, by their numbers. It holds only people who are signed in, so it cannot be made to grow by strangers.
#[derive(Debug)]
pub struct PageTime {
    per_minute: i64,
    used: DashMap<i64, Used>,
    changes_per_minute: u32,
    /// Forms of people: since when, and how many.
    changes: DashMap<i64, (Timestamp, u32)>,
    /// Sign-ins of people, likewise.
    sign_ins: DashMap<i64, (Timestamp, u32)>,
    /// Of the eight connections that pages are read from.
    answers: Places,
    /// Of the three that files are read from.
    files: Places,
}

/// So many microseconds were used at a moment; they become less with time.
#[derive(Clone, Copy, Debug)]
struct Used {
    micros: i64,
    at: Timestamp,
}

impl PageTime {
    /// With the seconds of a minute that a person may use, and the forms and sign-ins that a person may send.
    #[must_use]
    pub fn new(seconds_per_minute: u32, changes_per_minute: u32) -> Self {
        Self {
            per_minute: i64::from(seconds_per_minute) * SECOND,
            used: DashMap::new(),
            changes_per_minute,
            changes: DashMap::new(),
            sign_ins: DashMap::new(),
            answers: Places::new(2, 4),
            files: Places::new(1, 2),
        }
    }

    /// Counts a form that somebody sends; else says in how many seconds to come again. Each may leave a row in the audit trail, which is kept.
    fn change(&self, user: i64, now: Timestamp) -> Result<(), i64> {
        self.sent(&self.changes, user, now)
    }

    /// Counts a sign-in of somebody, which leaves a row as a form does, and took a password's hash; false where there were as many in this minute as there
    /// may be of forms. Counted by itself, so that signing in takes no form away.
    #[must_use]
    pub fn may_sign_in(&self, user: i64, now: Timestamp) -> bool {
        self.sent(&self.sign_ins, user, now).is_ok()
    }

    fn sent(&self, by: &DashMap<i64, (Timestamp, u32)>, user: i64, now: Timestamp) -> Result<(), i64> {
        let mut sent = by.entry(user).or_insert((now, 0));
        let passed = now.since(sent.0);
        if !(0..MINUTE).contains(&passed) {
            *sent = (now, 0);
        }
        if sent.1 >= self.changes_per_minute {
            return Err((MINUTE - passed) / SECOND + 1);
        }
        sent.1 += 1;
        Ok(())
    }

    /// What is left of what was used, now.
    fn left(&self, used: Used, now: Timestamp) -> i64 {
        let passed = i128::from(now.since(used.at).max(0));
        let back = passed * i128::from(self.per_minute) / i128::from(MINUTE);
        i64::try_from(i128::from(used.micros) - back).unwrap_or(0).max(0)
    }

    /// Begins an answer; else says in how many seconds to come again.
    fn begin(&self, user: i64, now: Timestamp) -> Result<(), i64> {
        let mut used = self.used.entry(user).or_insert(Used { micros: 0, at: now });
        let micros = self.left(*used, now);
        if micros + EXPECTED > self.per_minute {
            // Until an answer has room again; a budget that has room for none is asked again in a minute.
            let over = i128::from(micros + EXPECTED - self.per_minute) * i128::from(MINUTE) / i128::from(self.per_minute.max(1));
            return Err((i64::try_from(over).unwrap_or(MINUTE) / SECOND + 1).min(MINUTE / SECOND));
        }
        *used = Used { micros: micros + EXPECTED, at: now };
        Ok(())
    }

    /// Ends an answer that took so many microseconds. However long it took, a minute later all is forgotten: somebody on a hub that is slow for another
    /// reason is not kept waiting for longer than they were told.
    fn end(&self, user: i64, micros: i64, now: Timestamp) {
        if let Some(mut used) = self.used.get_mut(&user) {
            let left = self.left(*used, now);
            *used = Used { micros: (left + micros - EXPECTED).clamp(0, self.per_minute), at: now };
        }
    }

    /// Adds what a part of a long file took, which is written after its answer has begun.
    pub fn charge(&self, user: i64, took: Duration, now: Timestamp) {
        let micros = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
        let mut used = self.used.entry(user).or_insert(Used { micros: 0, at: now });
        *used = Used { micros: self.left(*used, now).saturating_add(micros).min(self.per_minute), at: now };
    }

    /// Waits for a place to read a part of a long file in; `None` where none becomes free in time.
    pub async fn file(&self, user: i64, org: OrgId) -> Option<Place> {
        self.files.take(user, org).await
    }

    /// Forgets people who have used nothing lately. To be called now and then.
    pub fn forget(&self, now: Timestamp) {
        self.answers.forget();
        self.files.forget();
        self.used.retain(|_, used| self.left(*used, now) > 0);
        for by in [&self.changes, &self.sign_ins] {
            by.retain(|_, sent| (0..MINUTE).contains(&now.since(sent.0)));
        }
    }
}

/// Whose answer it is, once that is known; counts what it took when it is done, or given up.
struct Answer {
    app: App,
    begun: Arc<OnceLock<Begun>>,
    /// The hub had nothing to answer with.
    unavailable: bool,
}

/// An answer that is being made for a person, in a place of theirs.
#[derive(Debug)]
struct Begun {
    person: i64,
    at: Instant,
    _place: Place,
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(begun) = self.begun.get() {
            let took = i64::try_from(begun.at.elapsed().as_micros()).unwrap_or(i64::MAX);
            let micros = if self.unavailable { took.min(WAITED) } else { took };
            self.app.page_time.end(begun.person, micros, self.app.clock.now());
        }
    }
}

/// The place where a request says whose it is.
#[derive(Clone)]
struct Whose(Arc<OnceLock<Begun>>);

/// On an answer that says that a person has asked for more than they may: what they sent is not kept, or asking would fill the hub.
#[derive(Clone, Copy)]
pub struct TooMuch;

/// Measures answers. With `axum::middleware::from_fn_with_state`, around everything that people ask for.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begun = Arc::new(OnceLock::new());
    request.extensions_mut().insert(Whose(Arc::clone(&begun)));
    let mut answer = Answer { app, begun, unavailable: false };
    let response = next.run(request).await;
    answer.unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// Counts a request of somebody, and waits until it is their turn. The wait counts for nothing.
///
/// # Errors
/// With the answer to a person who has used up what they may; 503 where no place becomes free, be it that they ask for too much at once or that the database
/// does not answer.
#[allow(clippy::result_large_err, reason = "the answer goes out as it is, once")]
pub async fn admit(app: &App, extensions: &Extensions, who: &SignedIn) -> Result<(), Response> {
    let Some(Whose(begun)) = extensions.get() else { return Ok(()) };
    // Several extractors of one request ask.
    if begun.get().is_some() {
        return Ok(());
    }
    let person = who.user.id;
    if let Err(seconds) = app.page_time.begin(person, app.clock.now()) {
        tracing::warn!(user = person, "a person has used up their time");
        return Err(too_much(seconds, format!("You have asked for more than the hub answers one person in a minute. Try again in {seconds} seconds.\n")));
    }
    match app.page_time.answers.take(person, who.user.org).await {
        Some(place) => {
            let _ = begun.set(Begun { person, at: Instant::now(), _place: place });
            Ok(())
        }
        None => {
            app.page_time.end(person, EXPECTED, app.clock.now());
            tracing::warn!(user = person, "a person's other requests, or the organisation's, did not end in time");
            let text = "The hub answers other requests of yours, or of your organisation, first. Nothing was changed; try again in a moment.\n";
            Err((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], text).into_response())
        }
    }
}

/// Counts a form of somebody.
///
/// # Errors
/// With the answer to a person who has sent as many as they may.
#[allow(clippy::result_large_err, reason = "the answer goes out as it is, once")]
pub fn change(app: &App, who: &SignedIn) -> Result<(), Response> {
    app.page_time.change(who.user.id, app.clock.now()).map_err(|seconds| {
        tracing::warn!(user = who.user.id, "a person has sent as many forms as they may");
        too_much(seconds, format!("You have sent as many forms as you may in a minute. Nothing was changed. Try again in {seconds} seconds.\n"))
    })
}

fn too_much(seconds: i64, text: String) -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], Extension(TooMuch), text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn a_person_and_an_organisation_have_so_many_places() {
        let places = Places::new(2, 3);
        let first = places.take(1, OrgId(1)).await;
        let second = places.take(1, OrgId(1)).await;
        assert!(first.is_some() && second.is_some());
        assert!(places.take(1, OrgId(1)).now_or_never().is_none(), "a third of one person waits");
        let colleague = places.take(2, OrgId(1)).await;
        assert!(colleague.is_some() && places.take(3, OrgId(1)).now_or_never().is_none(), "and so does a fourth of the organisation");
        assert!(places.take(4, OrgId(2)).await.is_some(), "another organisation has its own");
        let (waiting, ()) = tokio::join!(places.take(1, OrgId(1)), async {
            tokio::task::yield_now().await;
            drop(first);
        });
        assert!(waiting.is_some(), "until one is given back");
        drop((waiting, second, colleague));
        places.forget();
        assert!(places.people.is_empty() && places.orgs.is_empty());
    }

    #[test]
    fn a_minute_has_so_many_seconds_for_a_person() {
        let (time, now, one) = (PageTime::new(30, 2), Timestamp(0), 1);
        // Short answers, as many as one likes to read.
        for _ in 0..2_000 {
            assert!(time.begin(one, now).is_ok());
            time.end(one, SECOND / 100, now);
        }
        // Long ones, and many at once.
        let long = (0..).take_while(|_| time.begin(one, now).map(|()| time.end(one, 2 * SECOND, now)).is_ok()).count();
        assert_eq!(long, 5, "ten seconds are left");
        assert_eq!(time.begin(one, now), Err(1));
        assert!(time.begin(2, now).is_ok(), "somebody else");
        assert!(time.begin(one, now.plus(2 * SECOND)).is_ok());
        assert!(time.change(1, now).is_ok() && time.change(1, now).is_ok() && time.change(2, now).is_ok());
        assert_eq!((time.change(1, now.plus(MINUTE - SECOND)), time.change(1, now.plus(MINUTE))), (Err(2), Ok(())));
        assert!(time.may_sign_in(1, now) && time.may_sign_in(1, now) && !time.may_sign_in(1, now) && time.may_sign_in(2, now));
        let at_once = (0..).take_while(|_| time.begin(3, now).is_ok()).count();
        assert_eq!(at_once, 120);
        assert!(time.begin(4, now).is_ok());
        time.end(4, 500 * SECOND, now);
        assert!(time.begin(4, now.plus(SECOND / 4)).is_err() && time.begin(4, now.plus(MINUTE)).is_ok());
        time.forget(now.plus(30 * SECOND));
        assert_eq!(time.used.len(), 3, "who has used hardly anything is not remembered after half a minute");
        assert!(time.begin(3, now.plus(-MINUTE)).is_err() && time.begin(3, now.plus(MINUTE)).is_ok(), "also when the clock is set back");
    }
}
