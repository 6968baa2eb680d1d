//! The road to the hub: a trait, and its form over HTTP. `serve` brings its own, which calls the hub in the same
//! process.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use link::body::{self, GZIP};
use link::{Ack, Batch, Heartbeat, Orders};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

/// Longest wait for an answer of the hub; it commits a batch before it answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the forwarder sends. A failed call may have had its effect: the same batch is sent again, and the hub counts
/// it once.
pub trait Uplink: Send + Sync + 'static {
    /// Hands a batch to the hub; success means that the hub committed it.
    fn send(&self, batch: &Batch) -> impl Future<Output = Result<Ack, UplinkError>> + Send;

    /// Tells the hub what the edge sees, and fetches the terminals it answers for.
    fn heartbeat(&self, heartbeat: &Heartbeat) -> impl Future<Output = Result<Orders, UplinkError>> + Send;
}

/// Why the hub did not take something. Whatever it was, the edge keeps its data and tries again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UplinkError {
    /// What happened and what to do about it.
    pub message: String,
    /// The hub's wish for the next try.
    pub retry_after: Option<Duration>,
}

impl UplinkError {
    /// An error without a wish of the hub.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry_after: None }
    }
}

/// The hub over HTTP, with the edge's token.
///
/// TLS needs a process-wide rustls provider: the executable installs one before.
#[derive(Debug)]
pub struct HttpUplink {
    hub: Url,
    token_file: PathBuf,
    /// Read at the first call, and again after the hub refused it.
    token: Mutex<Option<String>>,
    /// The hub has said that it unpacks.
    unpacks: AtomicBool,
    client: reqwest::Client,
}

impl HttpUplink {
    /// A client for the hub at `hub` (`https://hub.example:8080`). The token is read when it is needed, so that a new
    /// one needs no restart.
    ///
    /// # Errors
    /// When the address is no http or https URL, or TLS can't be set up.
    pub fn new(hub: &str, token_file: PathBuf) -> Result<Self, UplinkError> {
        let url = Url::parse(hub).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let hub = url.ok_or_else(|| {
            UplinkError::new(format!("`{hub}` is no address of a hub: write it like https://hub.example:8080"))
        })?;
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(1)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| {
                let cure = "if it lacks certificates, install the package ca-certificates";
                UplinkError::new(format!("the connection to the hub can't be set up: {}; {cure}", chain(&error)))
            })?;
        Ok(Self { hub, token_file, token: Mutex::new(None), unpacks: AtomicBool::new(false), client })
    }

    async fn post<B: serde::Serialize + Sync, A: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<A, UplinkError> {
        let url = self.hub.join(path).map_err(|error| UplinkError::new(format!("{}{path}: {error}", self.hub)))?;
        let token = self.token()?;
        let plain =
            serde_json::to_vec(body).map_err(|error| UplinkError::new(format!("a call can't be written: {error}")))?;
        let packed = self.unpacks.load(Ordering::Relaxed).then(|| body::pack(&plain)).flatten();
        let request = self.client.post(url).bearer_auth(token).header(CONTENT_TYPE, "application/json");
        let request = match packed {
            Some(packed) => request.header(CONTENT_ENCODING, GZIP).body(packed),
            None => request.body(plain),
        };
        let sent = request.send().await;
        let response = sent.map_err(|error| {
            let why = chain(&error);
            UplinkError::new(format!("the hub at {} can't be reached: {why}; the edge keeps trying", self.hub))
        })?;
        // Every answer says it anew: behind an address there may be another hub tomorrow.
        self.unpacks.store(unpacks(response.headers()), Ordering::Relaxed);
        if response.status() != StatusCode::OK {
            return Err(self.refusal(&response));
        }
        response.json().await.map_err(|error| {
            let why = chain(&error);
            UplinkError::new(format!("the hub's answer can't be read ({why}); is {} a Punchclock hub?", self.hub))
        })
    }

    fn refusal(&self, response: &Response) -> UplinkError {
        let status = response.status();
        let hub = &self.hub;
        let message = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                *self.cached_token() = None;
                let file = self.token_file.display();
                format!("the hub at {hub} refused the token in {file}: create a new one with `punchclock token create`")
            }
            StatusCode::NOT_FOUND => format!("{hub} does not know {}: is it a Punchclock hub?", response.url().path()),
            _ => format!("the hub at {hub} answered {status}; the edge keeps trying"),
        };
        UplinkError { message, retry_after: retry_after(response.headers(), Timestamp::now()) }
    }

    fn token(&self) -> Result<String, UplinkError> {
        let mut cached = self.cached_token();
        if let Some(token) = &*cached {
            return Ok(token.clone());
        }
        let file = self.token_file.display();
        let text = std::fs::read_to_string(&self.token_file)
            .map_err(|error| UplinkError::new(format!("the token file {file} can't be read: {error}")))?;
        let token = text.trim().to_owned();
        if token.is_empty() {
            return Err(UplinkError::new(format!(
                "the token file {file} is empty: put in what `punchclock token create` printed"
            )));
        }
        *cached = Some(token.clone());
        Ok(token)
    }

    fn cached_token(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Uplink for HttpUplink {
    async fn send(&self, batch: &Batch) -> Result<Ack, UplinkError> {
        self.post(link::path::PUNCHES, batch).await
    }

    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Orders, UplinkError> {
        self.post(link::path::HEARTBEAT, heartbeat).await
    }
}

/// Whether an answer says that bodies may come packed (RFC 9110, 12.5.3).
fn unpacks(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|list| list.split(',')).any(|coding| coding.trim().eq_ignore_ascii_case(GZIP))
}

/// The wish of an answer, in seconds or as a date, as a proxy may write it (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let wish = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = wish.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(wish).ok()?.timestamp();
    Duration::try_from(at.duration_since(now)).ok()
}

/// The error with its causes: reqwest's own text stops at "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_later_is_understood_in_seconds_and_as_a_date() {
        let now = "2026-03-04T07:28:00Z".parse().unwrap();
        let wish = |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now);
        assert_eq!(wish(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wish("Wed, 04 Mar 2026 07:30:00 GMT"), Some(Duration::from_secs(120)));
        assert_eq!(wish("Wed, 04 Mar 2026 07:20:00 GMT"), None, "that was before");
        assert_eq!(wish("soon"), None);
    }

    #[test]
    fn a_hub_that_unpacks_is_recognised() {
        let says = |text: &str| unpacks(&HeaderMap::from_iter([(ACCEPT_ENCODING, text.parse().unwrap())]));
        assert!(says("gzip") && says("br, GZIP"));
        assert!(!says("br") && !unpacks(&HeaderMap::new()));
    }
}
