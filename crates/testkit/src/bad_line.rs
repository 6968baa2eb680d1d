use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::Chance;

/// How long a side of a connection may be silent before the line looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Longest delay of what a read brought.
const LONGEST_DELAY_MS: u64 = 8;
/// Bytes after which most connections are cut, at most; between requests, within them, and within answers.
const CUT_WITHIN: u64 = 60_000;

/// A line to a server that is cut, slow and away by chance, connection by connection. It ends when it is dropped.
#[derive(Debug)]
pub struct BadLine {
    address: SocketAddr,
    ends: Arc<AtomicBool>,
    cuts: Arc<AtomicUsize>,
}

impl BadLine {
    /// A line to `target`, whose bad moments follow from `seed`.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn to(target: SocketAddr, seed: u64) -> Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").context("no port for the line")?;
        let address = socket.local_addr()?;
        let (ends, cuts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (has_ended, counted) = (ends.clone(), cuts.clone());
        thread::spawn(move || {
            let mut chance = Chance::new(seed);
            for near in socket.incoming() {
                if has_ended.load(Ordering::Relaxed) {
                    return;
                }
                // One in eight calls finds nobody.
                if let (Ok(near), 1..) = (near, chance.below(8))
                    && let Ok(far) = TcpStream::connect(target)
                {
                    connect(near, far, &mut chance, &has_ended, &counted);
                } else {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(Self { address, ends, cuts })
    }

    /// Where the line begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it was cut, or nobody was there.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for BadLine {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        // A call, so that the line looks.
        drop(TcpStream::connect(self.address));
    }
}

/// Carries both ways until one end closes, or the line is cut after some bytes of its own for each way.
fn connect(near: TcpStream, far: TcpStream, chance: &mut Chance, ends: &Arc<AtomicBool>, cuts: &Arc<AtomicUsize>) {
    let (Ok(near_again), Ok(far_again)) = (near.try_clone(), far.try_clone()) else { return };
    for (from, to) in [(near, far), (far_again, near_again)] {
        let limit = 1 + chance.below(CUT_WITHIN);
        let chance = Chance::new(chance.below(u64::MAX));
        let (ends, cuts) = (ends.clone(), cuts.clone());
        thread::spawn(move || carry(from, to, limit, chance, &ends, &cuts));
    }
}

fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    limit: u64,
    mut chance: Chance,
    ends: &AtomicBool,
    cuts: &AtomicUsize,
) {
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut buffer = [0; 4096];
    let _ = from.set_read_timeout(Some(LOOK_EVERY));
    while !ends.load(Ordering::Relaxed) {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                // A slow line is what this models; nothing waits for it to be over.
                thread::sleep(Duration::from_millis(chance.below(LONGEST_DELAY_MS)));
                let passes = count.min(left);
                if to.write_all(buffer.get(..passes).unwrap_or_default()).is_err() {
                    break;
                }
                left -= passes;
                if left == 0 {
                    cuts.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    // Both ways end: a cut is one of the whole line.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
