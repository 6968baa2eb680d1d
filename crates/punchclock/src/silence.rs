//! Watches over edges while a hub runs: logs who falls silent and who is back, and posts it. What was decided stands in the database
//! ([`hub::Hub::watch_edges`]), so that a restart tells nothing twice and forgets nothing.

use std::time::Duration;

use hub::{Hub, Notice};
use jiff::Timestamp;

use crate::chance::now;

/// How often edges are looked at, and what is due is posted.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longest wait for the answer to a post.
const POST_TIMEOUT: Duration = Duration::from_secs(20);

/// Watches until it is dropped. An empty `webhook` is none.
pub(crate) async fn watch(hub: Hub, silent_after: Duration, webhook: String, every: Duration) {
    let since = now();
    let client = match reqwest::Client::builder().timeout(POST_TIMEOUT).build() {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "silent edges can't be told of");
            return;
        }
    };
    let tells = !webhook.is_empty();
    loop {
        match round(&hub, since, silent_after, tells).await {
            Ok(due) => {
                for notice in due {
                    post(&hub, &client, &webhook, notice).await;
                }
            }
            Err(error) => tracing::warn!("edges can't be looked at: {error}"),
        }
        tokio::time::sleep(every).await;
    }
}

/// Looks at the edges; what is due to be posted.
async fn round(hub: &Hub, since: Timestamp, silent_after: Duration, tells: bool) -> anyhow::Result<Vec<Notice>> {
    blocking(hub, move |hub| {
        let now = now();
        for change in hub.watch_edges(now, since, silent_after, tells)? {
            let (edge, last_seen) = (change.edge, change.last_seen);
            match change.is_silent {
                true => tracing::warn!(edge, %last_seen, "an edge is silent; look whether it is switched on and its line is up"),
                false => tracing::info!(edge, %last_seen, "an edge is back"),
            }
        }
        if tells { hub.due_notices(now) } else { Ok(Vec::new()) }
    })
    .await
}

/// Posts a notice. A receiver may get it twice, when this process ends at the wrong moment: its `id` tells.
async fn post(hub: &Hub, client: &reqwest::Client, webhook: &str, notice: Notice) {
    let request = client.post(webhook).header("content-type", "application/json").body(notice.body.clone());
    let failure = match request.send().await.and_then(reqwest::Response::error_for_status) {
        Ok(_) => None,
        Err(error) => Some(error.without_url()),
    };
    let edge = notice.edge.clone();
    let noted = match failure {
        None => blocking(hub, move |hub| hub.notice_posted(&notice)).await,
        Some(error) => blocking(hub, move |hub| hub.notice_failed(&notice, now())).await.map(|wait| {
            tracing::warn!(edge, retry_s = wait.as_secs(), "the webhook did not take the notice of an edge: {error}");
        }),
    };
    if let Err(error) = noted {
        tracing::warn!("what became of a notice can't be noted: {error}");
    }
}

async fn blocking<T: Send + 'static>(
    hub: &Hub,
    work: impl FnOnce(&Hub) -> Result<T, hub::Error> + Send + 'static,
) -> anyhow::Result<T> {
    let hub = hub.clone();
    Ok(tokio::task::spawn_blocking(move || work(&hub)).await??)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc;

    use hub::Store;
    use link::Heartbeat;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A receiver that takes every post and hands its body on.
    fn receiver() -> (String, mpsc::Receiver<serde_json::Value>) {
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
                reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
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
        runtime.spawn(watch(hub.clone(), silent_after, webhook, Duration::from_millis(20)));
        let post = posts.recv_timeout(PATIENCE).unwrap();
        assert_eq!((&post["event"], &post["edge"]), (&"edge.silent".into(), &"cebu".into()));
        heard(0);
        assert_eq!(posts.recv_timeout(PATIENCE).unwrap()["event"], "edge.back");
        // It falls silent again, and what comes next is that: nothing was posted twice.
        assert_eq!(posts.recv_timeout(PATIENCE).unwrap()["event"], "edge.silent");
    }
}
