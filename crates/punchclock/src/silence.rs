//! Watches over edges while a hub runs: logs who falls silent and who is back, and posts it. What was decided stands in the database
//! ([`hub::Hub::watch_edges`]), so that a restart tells nothing twice and forgets nothing; each post is a job, so that of several
//! hubs one does it.

use std::error::Error;
use std::time::Duration;

use anyhow::anyhow;
use hub::Hub;
use hub::jobs::{Finished, Kind, NOTICE, Run, Work};
use jiff::Timestamp;
use tokio::runtime::Handle;

use crate::chance::now;

/// How often edges are looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longest wait for the answer to a post.
const POST_TIMEOUT: Duration = Duration::from_secs(20);

/// Watches until it is dropped. With `tells`, changes are to be posted.
pub(crate) async fn watch(hub: Hub, silent_after: Duration, tells: bool, every: Duration) {
    let since = now();
    loop {
        if let Err(error) = round(&hub, since, silent_after, tells).await {
            tracing::warn!("edges can't be looked at: {error}");
        }
        tokio::time::sleep(every).await;
    }
}

/// Looks at the edges.
async fn round(hub: &Hub, since: Timestamp, silent_after: Duration, tells: bool) -> anyhow::Result<()> {
    let hub = hub.clone();
    let look = move || hub.watch_edges(now(), since, silent_after, tells);
    for change in tokio::task::spawn_blocking(look).await?? {
        let (edge, last_seen) = (change.edge, change.last_seen);
        match change.is_silent {
            true => {
                tracing::warn!(edge, %last_seen, "an edge is silent; look whether it is switched on and its line is up");
            }
            false => tracing::info!(edge, %last_seen, "an edge is back"),
        }
    }
    Ok(())
}

/// Posts notices. A receiver may get one twice, when this process ends at the wrong moment: its `id` tells.
pub(crate) struct Notices {
    client: reqwest::Client,
    webhook: String,
    runtime: Handle,
}

impl Notices {
    /// To an address. Within a runtime only.
    ///
    /// # Errors
    /// In words, when no client can be made.
    pub(crate) fn to(webhook: String) -> anyhow::Result<Self> {
        // Whoever is pointed to elsewhere would be told the address, too, which may carry a secret.
        let client =
            reqwest::Client::builder().timeout(POST_TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| anyhow!("hub.silence_webhook: {}", roads::no_client(error)))?;
        Ok(Self { client, webhook, runtime: Handle::current() })
    }
}

impl Work for Notices {
    fn kind(&self) -> &'static Kind {
        &NOTICE
    }

    fn run(&self, run: Run<'_>) -> Result<Finished, Box<dyn Error + Send + Sync>> {
        let request = self.client.post(&self.webhook).header("content-type", "application/json");
        let body = run.body().to_owned();
        // The client looks for the runtime already when a request is made.
        let sent = self.runtime.block_on(async move { request.body(body).send().await });
        let status = sent.map_err(|error| format!("the webhook did not take it: {}", roads::in_words(error)))?.status();
        if !status.is_success() {
            return Err(format!("the webhook did not take it: {status}").into());
        }
        Ok(run.done("posted")?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc;

    use hub::Store;
    use hub::jobs::{Ended, Schedules, Works};
    use link::Heartbeat;

    use super::*;
    use crate::runner::Runner;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A receiver that takes every post and hands its body on.
    fn receiver() -> (String, mpsc::Receiver<serde_json::Value>) {
        receiver_that_says("204 No Content\r\n".to_owned())
    }

    fn receiver_that_says(answer: String) -> (String, mpsc::Receiver<serde_json::Value>) {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hook", socket.local_addr().unwrap());
        let (took, taken) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in socket.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let mut length = 0;
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                write!(reader.get_mut(), "HTTP/1.1 {answer}Connection: close\r\n\r\n").unwrap();
                if took.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        (address, taken)
    }

    #[test]
    fn a_silence_and_a_return_are_posted_once_each() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::new(Store::open(&folder.path().join("hub.sqlite")).unwrap());
        let heard = |minutes_ago: i64| {
            let at = now().checked_sub(jiff::SignedDuration::from_mins(minutes_ago)).unwrap();
            let beat = Heartbeat { edge: "cebu".into(), now_us: at.as_microsecond(), ..Heartbeat::default() };
            hub.heartbeat(&beat, at).unwrap();
        };
        heard(60);
        let (webhook, posts) = receiver();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        // It listens for a moment only before it calls anybody silent.
        let silent_after = Duration::from_millis(300);
        let notices = runtime.block_on(async { Notices::to(webhook) }).unwrap();
        let runner = Runner::start(hub.clone(), Works::default().with(notices), Schedules::new());
        runtime.spawn(watch(hub.clone(), silent_after, true, Duration::from_millis(20)));
        let post = posts.recv_timeout(PATIENCE).unwrap();
        assert_eq!((&post["event"], &post["edge"]), (&"edge.silent".into(), &"cebu".into()));
        heard(0);
        assert_eq!(posts.recv_timeout(PATIENCE).unwrap()["event"], "edge.back");
        // It falls silent again, and what comes next is that: nothing was posted twice.
        assert_eq!(posts.recv_timeout(PATIENCE).unwrap()["event"], "edge.silent");
        runner.end();
    }

    #[test]
    fn a_webhook_that_has_moved_took_nothing_and_where_it_points_to_nothing_is_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let hub = Hub::new(Store::open(&folder.path().join("hub.sqlite")).unwrap());
        let long_ago = now().checked_sub(jiff::SignedDuration::from_hours(1)).unwrap();
        hub.heartbeat(&Heartbeat { edge: "cebu".into(), ..Heartbeat::default() }, long_ago).unwrap();
        hub.watch_edges(now(), long_ago, Duration::from_secs(60), true).unwrap();

        let (elsewhere, told_elsewhere) = receiver();
        let (webhook, _told) =
            receiver_that_says(format!("307 Temporary Redirect\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n"));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let notices = runtime.block_on(async { Notices::to(format!("{webhook}?key=s3cret")) }).unwrap();
        let works = Works::default().with(notices);
        let job = hub.claim_jobs(&works, "worker", 10, now()).unwrap().remove(0);
        let ended = hub.perform(&works, &job, now, 1.0, &AtomicBool::new(false)).unwrap();
        let says = "the webhook did not take it: 307 Temporary Redirect";
        assert!(matches!(&ended, Ended::Failed(why, _) if why == says), "{ended:?}");
        assert_eq!(told_elsewhere.try_recv(), Err(mpsc::TryRecvError::Empty));
    }
}
