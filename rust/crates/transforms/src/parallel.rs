//! Work shared between threads, the calling one taking part.
//!
//! Waiting for a pool leaves the caller's processor idle, and a scheduler that wakes all of a pool's
//! threads on the others' processors then runs them one after the other. So the caller works too, and
//! the pool only helps.

use std::any::Any;
use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::LocalKey;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Batches per thread: enough for an uneven share to be evened out.
const BATCHES_PER_THREAD: usize = 16;
/// Values that one batch has at most, where an item has fewer: a call can only end between batches.
const VALUES_PER_BATCH: usize = 1 << 17;
/// Values from which on threads pay: below, waking them costs about as much as the work.
pub(crate) const VALUES_WORTH_THREADS: usize = 65_536;

/// The helping threads, and the process that they belong to.
static HELPERS: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// How often a long call asks whether it is to end.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(100);

/// Answers why a call is to end; None while it may go on.
pub type Watch = fn() -> Option<Box<dyn Any + Send>>;

thread_local! {
    static THREADS: Cell<Option<usize>> = const { Cell::new(None) };
    /// What is asked, and when it was asked last.
    static WATCH: Cell<Option<(Watch, Instant)>> = const { Cell::new(None) };
}

/// How many threads a kernel called from this thread uses.
pub fn threads() -> usize {
    THREADS.get().unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into))
}

/// Runs a kernel with another number of threads; None for as many as there are processors.
pub fn with_threads<R>(threads: Option<usize>, kernel: impl FnOnce() -> R) -> R {
    with(&THREADS, threads, kernel)
}

/// Runs a kernel that is ended, by a panic with the reason, once `watch` has one. It is asked on the calling thread.
pub fn with_watch<R>(watch: Watch, kernel: impl FnOnce() -> R) -> R {
    with(&WATCH, Some((watch, Instant::now())), kernel)
}

/// Why the call of this thread is to end; None while it may go on, and between two questions.
fn reason_to_end() -> Option<Box<dyn Any + Send>> {
    let (watch, asked) = WATCH.get()?;
    if asked.elapsed() < BETWEEN_QUESTIONS {
        return None;
    }
    WATCH.set(Some((watch, Instant::now())));
    watch()
}

fn with<T: Copy, R>(place: &'static LocalKey<Cell<T>>, value: T, kernel: impl FnOnce() -> R) -> R {
    struct Restore<T: Copy + 'static>(&'static LocalKey<Cell<T>>, T);
    impl<T: Copy> Drop for Restore<T> {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    let _restore = Restore(place, place.replace(value));
    kernel()
}

/// The helping threads of this process; None where the system gives none.
///
/// A forked process has its parent's memory but not its threads: waiting for them would never end, so it
/// gets threads of its own, and what it knows of the parent's is forgotten without being stopped.
fn helpers() -> Option<Arc<ThreadPool>> {
    let mut helpers = HELPERS.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((owner, pool)) = helpers.as_ref()
        && *owner == process
    {
        return Some(pool.clone());
    }
    let count = std::thread::available_parallelism().map_or(1, Into::into) - 1;
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(count.max(1)).build().ok()?);
    std::mem::forget(helpers.replace((process, pool.clone())));
    Some(pool)
}

/// Maps items, which hold so many values in all, on several threads; results come in the order of the
/// items, whatever the threads.
pub fn map<T: Send, R: Send>(values: usize, items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    if values < VALUES_WORTH_THREADS {
        return items.into_iter().map(work).collect();
    }
    let threads = threads().min(items.len()).max(1);
    let batch = items.len().div_ceil(threads * BATCHES_PER_THREAD);
    let batch = batch.min((items.len() * VALUES_PER_BATCH).div_ceil(values)).max(1);
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let places = items.into_iter().zip(results.iter_mut());
    let left = Mutex::new(places);
    let end = Mutex::new(None);
    let ended = || end.lock().unwrap_or_else(PoisonError::into_inner);
    let take_part = |is_caller: bool| {
        loop {
            if is_caller && let Some(reason) = reason_to_end() {
                *ended() = Some(reason);
            }
            if ended().is_some() {
                return;
            }
            // A panic elsewhere ends that thread's part, not this one's; the scope passes it on.
            let taken: Vec<_> = {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                left.by_ref().take(batch).collect()
            };
            if taken.is_empty() {
                return;
            }
            for (item, place) in taken {
                *place = Some(work(item));
            }
        }
    };
    match (threads > 1).then(helpers).flatten() {
        Some(helpers) => helpers.in_place_scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|_| take_part(false));
            }
            take_part(true);
        }),
        None => take_part(true),
    }
    if let Some(reason) = end.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(reason);
    }
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = VALUES_WORTH_THREADS;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for items in [0usize, 1, 2, 31, 32, 33, 1_000] {
            let expected: Vec<usize> = (0..items).map(|item| item * item).collect();
            assert_eq!(map(MANY, (0..items).collect(), |item| item * item), expected);
        }
    }

    #[test]
    fn items_can_borrow_what_they_change() {
        let mut values = vec![1; 100];
        map(MANY, values.chunks_mut(7).collect(), |chunk: &mut [i32]| chunk.fill(2));
        assert_eq!(values, vec![2; 100]);
    }

    #[test]
    fn the_number_of_threads_is_that_of_the_call() {
        let outside = threads();
        let inside = with_threads(Some(3), || with_threads(Some(1), threads) * 10 + threads());
        assert_eq!((inside, threads()), (13, outside));
    }

    #[test]
    fn a_call_ends_when_it_is_to() {
        let slow = |_: i32| std::thread::sleep(BETWEEN_QUESTIONS / 4);
        for threads in [1, 2] {
            let outcome = std::panic::catch_unwind(|| {
                let watch = || Some(Box::new("enough") as Box<dyn Any + Send>);
                with_watch(watch, || {
                    with_threads(Some(threads), || map(MANY, (0..100).collect(), slow))
                })
            });
            let reason = outcome.err().and_then(|reason| reason.downcast::<&str>().ok());
            assert_eq!(reason.as_deref(), Some(&"enough"));
        }
        assert!(WATCH.get().is_none());
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let outcome = std::panic::catch_unwind(|| {
            map(MANY, (0..100).collect(), |item: i32| assert_ne!(item, 50));
        });
        assert!(outcome.is_err());
    }
}
