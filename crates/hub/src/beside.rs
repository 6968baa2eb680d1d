//! Two things at a time. There are batches all the time, and one at a time is written: so what needs no store is done beside it.

/// Fewer are not worth a thread.
const MANY: usize = 250;

/// What each becomes, in their order; half are done beside the others.
pub(crate) fn map_in_two<T: Sync, R: Send>(of: &[T], map: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (first, second) = of.split_at(of.len() / 2);
    let map_all = |of: &[T]| of.iter().map(&map).collect::<Vec<R>>();
    let (mapped, mut first) = beside(second.len(), || map_all(second), || map_all(first));
    first.extend(mapped);
    first
}

/// Does both, the first of them on a thread of its own when it is about many.
pub(crate) fn beside<A: Send, B>(many: usize, other: impl Fn() -> A + Sync, this: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        // Where no more threads may be, this one does it.
        let thread = (many >= MANY).then(|| std::thread::Builder::new().spawn_scoped(scope, &other).ok()).flatten();
        let this = this();
        let other = match thread {
            Some(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            None => other(),
        };
        (other, this)
    })
}
