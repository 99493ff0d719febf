//! The threads that hash passwords, and their memory.
//!
//! Each hash fills 19 MiB. Two threads at most do so, each in one buffer that it uses again and again, and gives back to the system when nobody signs
//! in for a moment. On threads of the runtime's pool every hash would leave its 19 MiB in the heap of another thread, for good.

use super::password::PasswordError;
use argon2::Block;
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::Duration,
};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

/// Hashes at once.
const AT_ONCE: usize = 2;
/// Requests of each queue that wait for their turn.
pub(super) const MAY_WAIT: usize = 16;
/// Of those, and of those at work, hashes for one person: whoever fills their own places keeps nobody else waiting for more than these.
const OF_ONE: usize = 2;
/// How long a thread keeps its memory for the next password.
const IDLE: Duration = Duration::from_secs(2);
/// Room of a buffer, in blocks of 1 KiB. More than a hash takes, and never touched beyond that: the C library maps an allocation above 32 MiB apart from
/// its heap, whatever it has learned about sizes before, so that freeing it gives the memory back to the system.
const ROOM: usize = 33 * 1024;

static SLOTS: Semaphore = Semaphore::const_new(AT_ONCE);
/// Of the slots, those that passwords from unknown browsers may hold. The other one is always free for browsers that were here before.
static STRANGERS: Semaphore = Semaphore::const_new(AT_ONCE - 1);
static WAITING: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
/// Hashes of people that wait or are at work, by the person's number.
static PEOPLE: LazyLock<Mutex<HashMap<i64, usize>>> = LazyLock::new(Mutex::default);
/// Threads without work.
static RESTING: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());

/// Whose password is hashed: a storm of strangers fills their queue and not the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Somebody signed in, with a one-time link, or in a browser that the account was used in before: by the person's number.
    Known(i64),
    Stranger,
    /// Nobody that anybody could pretend to be, such as the command line.
    Program,
}

/// Hands the result of some work to whoever waits for it.
type Answer = Box<dyn FnOnce() + Send>;

struct Job {
    work: Box<dyn FnOnce(&mut Memory) -> Answer + Send>,
    /// Go with the work: a client that hangs up frees no slot while the core is still busy.
    permits: (Option<SemaphorePermit<'static>>, SemaphorePermit<'static>),
    person: Option<Person>,
}

/// The buffer of a thread.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// So many blocks of 1 KiB. What is in them does not matter: a hash writes each before it reads it.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0 = Vec::with_capacity(count.max(ROOM));
            self.0.resize(count, Block::new());
        }
        &mut self.0[..count]
    }
}

/// Runs `work` on one of the threads when its turn comes.
///
/// # Errors
/// [`PasswordError::Busy`] when too many are waiting.
pub(super) async fn in_turn<T: Send + 'static>(queue: Queue, work: impl FnOnce(&mut Memory) -> T + Send + 'static) -> Result<T, PasswordError> {
    let (person, place) = (Person::take(queue)?, Place::take(queue)?);
    let stranger = match queue {
        Queue::Known(_) | Queue::Program => None,
        Queue::Stranger => Some(STRANGERS.acquire().await.map_err(failed)?),
    };
    let slot = SLOTS.acquire().await.map_err(failed)?;
    drop(place);
    let (reply, answer) = oneshot::channel();
    let work = Box::new(move |memory: &mut Memory| -> Answer {
        let done = catch_unwind(AssertUnwindSafe(|| work(memory)));
        // Whoever asked may be gone. Of work that panicked there is no answer.
        Box::new(move || drop(done.map(|done| reply.send(done))))
    });
    start(Job { work, permits: (stranger, slot), person })?;
    answer.await.map_err(failed)
}

/// Hands work to a thread that rests, or to a new one: with its permit there are never more than [`AT_ONCE`] at work.
fn start(job: Job) -> Result<(), PasswordError> {
    let thread = RESTING.lock().map_err(failed)?.pop();
    let thread = match thread {
        Some(thread) => thread,
        None => {
            let (own, jobs) = channel();
            let thread = own.clone();
            std::thread::Builder::new().name("passwords".into()).spawn(move || attend(&own, &jobs)).map_err(failed)?;
            thread
        }
    };
    // A thread that rests does not end.
    thread.send(job).map_err(failed)
}

/// A thread's life.
fn attend(own: &Sender<Job>, jobs: &Receiver<Job>) {
    let mut memory = Memory::default();
    loop {
        let next = if memory.0.is_empty() { jobs.recv().map_err(|_| RecvTimeoutError::Disconnected) } else { jobs.recv_timeout(IDLE) };
        match next {
            Ok(Job { work, permits, person }) => {
                let answer = work(&mut memory);
                // Before the permits are given back: who gets them finds a thread.
                if let Ok(mut resting) = RESTING.lock() {
                    resting.push(own.clone());
                }
                // And those before the answer: whoever has it may come again at once.
                drop((permits, person));
                answer();
            }
            Err(RecvTimeoutError::Timeout) => memory = Memory::default(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn failed(error: impl ToString) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

/// One of a person's hashes, from its wait to its end.
struct Person(i64);

impl Person {
    /// `None` for who is nobody in particular.
    fn take(queue: Queue) -> Result<Option<Self>, PasswordError> {
        let Queue::Known(person) = queue else { return Ok(None) };
        let mut people = PEOPLE.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = people.entry(person).or_default();
        if *theirs >= OF_ONE {
            return Err(PasswordError::Busy);
        }
        *theirs += 1;
        Ok(Some(Self(person)))
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let mut people = PEOPLE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(theirs) = people.get_mut(&self.0) {
            *theirs -= 1;
            if *theirs == 0 {
                people.remove(&self.0);
            }
        }
    }
}

impl Queue {
    /// Its number of those waiting.
    fn waiting(self) -> &'static AtomicUsize {
        &WAITING[usize::from(self == Self::Stranger)]
    }
}

/// A place in a queue, given back when dropped. Those at work are not counted.
pub(super) struct Place(Queue);

impl Place {
    pub(super) fn take(queue: Queue) -> Result<Self, PasswordError> {
        if queue.waiting().fetch_add(1, Ordering::AcqRel) >= MAY_WAIT {
            queue.waiting().fetch_sub(1, Ordering::AcqRel);
            return Err(PasswordError::Busy);
        }
        Ok(Self(queue))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting().fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_of_strangers_leaves_room_for_known_browsers() {
        let places: Vec<_> = (0..MAY_WAIT).map_while(|_| Place::take(Queue::Stranger).ok()).collect();
        assert!(matches!(in_turn(Queue::Stranger, |_| ()).await, Err(PasswordError::Busy)));
        assert!(in_turn(Queue::Known(1), |_| ()).await.is_ok());
        drop(places);
        assert!(in_turn(Queue::Stranger, |_| ()).await.is_ok());
    }

    #[tokio::test]
    async fn work_that_panics_takes_no_slot_along() {
        for _ in 0..AT_ONCE + 1 {
            assert!(in_turn(Queue::Known(2), |_| -> () { panic!("on purpose") }).await.is_err());
        }
        assert!(in_turn(Queue::Known(2), |_| ()).await.is_ok());
    }

    #[tokio::test]
    async fn one_person_has_two_places_and_no_more() {
        let own: Vec<_> = (0..MAY_WAIT).map_while(|_| Person::take(Queue::Known(3)).ok()).collect();
        assert_eq!(own.len(), OF_ONE);
        assert!(matches!(in_turn(Queue::Known(3), |_| ()).await, Err(PasswordError::Busy)));
        assert!(in_turn(Queue::Known(4), |_| ()).await.is_ok());
        assert!(!PEOPLE.lock().unwrap().contains_key(&4), "nothing is left of whoever has an answer");
        drop(own);
        assert!(in_turn(Queue::Known(3), |_| ()).await.is_ok());
    }
}
