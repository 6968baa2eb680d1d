//! Terminals that push as fast as they are answered: raw HTTP/1.1 over kept connections, one punch per request.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use jiff::{
    SignedDuration,
    civil::{DateTime, date},
};
use tokio::task::JoinSet;

use crate::http::Connection;

/// A server that answers nobody within this time is broken.
const READY_WITHIN: Duration = Duration::from_secs(10);
const FIRST_TIME: DateTime = date(2026, 11, 2).at(8, 0, 0, 0);

/// The serial of each connection's terminal.
pub(crate) fn serial(connection: usize) -> String {
    format!("BENCH{connection:04}")
}

/// Pushes over `connections` connections for `time`. Returns the punches per second that were answered OK.
///
/// # Errors
/// When a connection fails, or a punch is answered by anything but OK.
pub(crate) fn punches_per_second(address: SocketAddr, connections: usize, time: Duration) -> Result<f64> {
    // One thread for the terminals, so that the server has a core for itself.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminals = all(0..connections, |place| Terminal::connect(address, place)).await?;
        let start = Instant::now();
        terminals = all(terminals, |terminal| terminal.push_until(start + time)).await?;
        let seconds = start.elapsed().as_secs_f64();
        Ok(terminals.iter().map(|terminal| terminal.answered as f64).sum::<f64>() / seconds)
    })
}

/// Has so many terminals push so many punches each, all at the same time.
///
/// # Errors
/// When a connection fails, or a punch is answered by anything but OK.
pub(crate) fn push(address: SocketAddr, terminals: usize, punches: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connected = all(0..terminals, |place| Terminal::connect(address, place)).await?;
        all(connected, |terminal| terminal.push_times(punches)).await.map(drop)
    })
}

/// A morning rush: `terminals` connections that are kept, each a punch a second, spread over it, for `time`. Returns how long
/// each answer took, and the most that `look` told meanwhile.
///
/// # Errors
/// When a connection fails, or a punch is answered by anything but OK.
pub(crate) fn rush(
    address: SocketAddr,
    terminals: usize,
    time: Duration,
    look: impl Fn() -> Result<u64>,
) -> Result<(Vec<Duration>, u64)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connected = all(0..terminals, |place| Terminal::connect(address, place)).await?;
        let start = Instant::now();
        let offset = |place: usize| Duration::from_secs_f64(place as f64 / terminals as f64);
        let pushing = all(connected.into_iter().enumerate(), |(place, terminal)| {
            terminal.push_each_second(start + offset(place), start + time)
        });
        let (waits, most) = watched(pushing, look).await?;
        Ok((waits.into_iter().flatten().collect(), most))
    })
}

/// Does `work`; what came out, and the most that `look` told meanwhile.
///
/// # Errors
/// Of both.
pub(crate) async fn watched<T>(
    work: impl Future<Output = Result<T>>,
    look: impl Fn() -> Result<u64>,
) -> Result<(T, u64)> {
    tokio::pin!(work);
    let mut most = 0;
    let mut looks = tokio::time::interval(Duration::from_millis(200));
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, most)),
            _ = looks.tick() => most = most.max(look()?),
        }
    }
}

/// Returns when the server has taken a punch of the first terminal; until it listens, it is called again.
///
/// # Errors
/// When it does not within some seconds.
pub(crate) fn first_answer(address: SocketAddr) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let deadline = Instant::now() + READY_WITHIN;
        while let Err(error) = Terminal::connect(address, 0).await {
            ensure!(Instant::now() < deadline, "the server took no punch: {error:#}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    })
}

/// Runs `work` for all inputs at once and collects what comes out.
pub(crate) async fn all<I, O, F>(inputs: impl IntoIterator<Item = I>, work: impl Fn(I) -> F) -> Result<Vec<O>>
where
    O: Send + 'static,
    F: Future<Output = Result<O>> + Send + 'static,
{
    let mut tasks: JoinSet<Result<O>> = inputs.into_iter().map(work).collect();
    let mut outputs = Vec::new();
    while let Some(output) = tasks.join_next().await {
        outputs.push(output??);
    }
    Ok(outputs)
}

struct Terminal {
    connection: Connection,
    head: String,
    user: usize,
    time: DateTime,
    answered: u64,
}

impl Terminal {
    /// Connects, and waits until the server takes this terminal's punches.
    async fn connect(address: SocketAddr, place: usize) -> Result<Self> {
        let connection = Connection::open(address).await?;
        let head = format!(
            "POST /iclock/cdata?SN={}&table=ATTLOG&Stamp=9999 HTTP/1.1\r\nUser-Agent: iClock Proxy/1.09\r\n",
            serial(place)
        );
        let mut terminal = Self { connection, head, user: place + 1, time: FIRST_TIME, answered: 0 };
        let deadline = Instant::now() + READY_WITHIN;
        while terminal.push().await? != 200 {
            ensure!(Instant::now() < deadline, "the server refuses the punches of {}", serial(place));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(terminal)
    }

    async fn push_until(mut self, end: Instant) -> Result<Self> {
        while Instant::now() < end {
            let status = self.push().await?;
            ensure!(status == 200, "a punch was answered {status}");
            self.answered += 1;
        }
        Ok(self)
    }

    async fn push_times(mut self, punches: usize) -> Result<()> {
        for _ in 0..punches {
            let status = self.push().await?;
            ensure!(status == 200, "a punch was answered {status}");
        }
        Ok(())
    }

    /// Pushes a punch a second from `first` to `end`; how long each answer took.
    async fn push_each_second(mut self, first: Instant, end: Instant) -> Result<Vec<Duration>> {
        let mut waits = Vec::new();
        let mut next = first;
        while next < end {
            tokio::time::sleep_until(next.into()).await;
            let asked = Instant::now();
            let status = self.push().await?;
            ensure!(status == 200, "a punch was answered {status}");
            waits.push(asked.elapsed());
            next += Duration::from_secs(1);
        }
        Ok(waits)
    }

    /// Pushes one punch and returns the status of the answer.
    async fn push(&mut self) -> Result<u16> {
        self.time = self.time.checked_add(SignedDuration::from_secs(1))?;
        let line = format!("{}\t{}\t0\t1\t0\t0\t0\n", self.user, self.time.strftime("%Y-%m-%d %H:%M:%S"));
        Ok(self.connection.ask(&self.head, line.as_bytes()).await?.status)
    }
}
