//! The road to the hub: a trait, and its form over HTTP. `serve` brings its own, which calls the hub in the same
//! process.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use link::body::{self, GZIP};
use link::enrol::{Enrolled, Invitation, NewToken, Pin};
use link::{Ack, Batch, Heartbeat, Orders};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};

use crate::tls;
use crate::token::{TokenError, TokenFile};

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

    /// Fetches a new token and keeps it, because the hub wishes so; nothing where there is none. What fails is tried again: the
    /// token before holds until the new one has been used.
    fn renew_token(&self) -> impl Future<Output = Result<(), UplinkError>> + Send {
        async { Ok(()) }
    }
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

impl From<TokenError> for UplinkError {
    fn from(error: TokenError) -> Self {
        Self::new(error.to_string())
    }
}

/// The hub over HTTP, with the edge's token.
///
/// TLS needs a process-wide rustls provider: the executable installs one before.
#[derive(Debug)]
pub struct HttpUplink {
    hub: Url,
    token: TokenFile,
    /// The hub has said that it unpacks.
    unpacks: AtomicBool,
    client: Client,
}

impl HttpUplink {
    /// A client for the hub at `hub` (`https://hub.example:8080`). With a pin only the hub whose certificate has that key is
    /// talked to; without one the certificates that the system trusts decide. The token is read when it is needed, so that a
    /// new one needs no restart.
    ///
    /// # Errors
    /// When the address is no http or https URL, or TLS can't be set up.
    pub fn new(hub: &str, token: TokenFile, pin: Option<Pin>) -> Result<Self, UplinkError> {
        let hub = address(hub)?;
        let client = client(&hub, pin)?;
        Ok(Self { hub, token, unpacks: AtomicBool::new(false), client })
    }

    /// Exchanges the one-time token of a code for the edge's own. The same code may be tried again until that is used.
    ///
    /// # Errors
    /// As [`HttpUplink::new`]; when the hub can't be reached or refuses the code.
    pub async fn enroll(invitation: &Invitation) -> Result<Enrolled, UplinkError> {
        let hub = address(&invitation.hub)?;
        let client = client(&hub, invitation.pin)?;
        let url = join(&hub, link::path::ENROLL)?;
        let sent = client.post(url).bearer_auth(invitation.token()).send().await;
        let response = sent.map_err(|error| UplinkError::new(unreachable(&hub, &error, "try the code again")))?;
        match response.status() {
            StatusCode::OK => understood(&hub, response).await,
            StatusCode::UNAUTHORIZED => Err(UplinkError::new(format!(
                "the hub at {hub} does not take this code: it was used, its time is up, or another was made after it; make a new \
                 one there with `punchclock edge invite`"
            ))),
            StatusCode::NOT_FOUND => {
                Err(UplinkError::new(format!("{hub} enrols nobody: is it a Punchclock hub of this version?")))
            }
            status => Err(UplinkError::new(format!("the hub at {hub} answered {status}; try the code again"))),
        }
    }

    async fn post<B: serde::Serialize + Sync, A: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<A, UplinkError> {
        let plain =
            serde_json::to_vec(body).map_err(|error| UplinkError::new(format!("a call can't be written: {error}")))?;
        let token = self.token.read()?;
        let mut response = self.post_as(&token, path, &plain).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            // Another call may have brought a new token meanwhile, or a person put one into the file.
            self.token.forget();
            let current = self.token.read()?;
            if current != token {
                response = self.post_as(&current, path, &plain).await?;
            }
        }
        if response.status() != StatusCode::OK {
            return Err(self.refusal(&response));
        }
        understood(&self.hub, response).await
    }

    async fn post_as(&self, token: &str, path: &str, plain: &[u8]) -> Result<Response, UplinkError> {
        let packed = self.unpacks.load(Ordering::Relaxed).then(|| body::pack(plain)).flatten();
        let url = join(&self.hub, path)?;
        let request = self.client.post(url).bearer_auth(token).header(CONTENT_TYPE, "application/json");
        let request = match packed {
            Some(packed) => request.header(CONTENT_ENCODING, GZIP).body(packed),
            None => request.body(plain.to_vec()),
        };
        let sent = request.send().await;
        let response =
            sent.map_err(|error| UplinkError::new(unreachable(&self.hub, &error, "the edge keeps trying")))?;
        // Every answer says it anew: behind an address there may be another hub tomorrow.
        self.unpacks.store(unpacks(response.headers()), Ordering::Relaxed);
        Ok(response)
    }

    fn refusal(&self, response: &Response) -> UplinkError {
        let status = response.status();
        let hub = &self.hub;
        let message = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.token.forget();
                format!(
                    "the hub at {hub} refused the token in {}: it was revoked there, or is another hub's; to let this edge in again, \
                     make a code there (`punchclock edge invite`) and enrol with it. Until then the edge keeps what terminals say",
                    self.token.shown()
                )
            }
            StatusCode::NOT_FOUND => format!("{hub} does not know {}: is it a Punchclock hub?", response.url().path()),
            _ => format!("the hub at {hub} answered {status}; the edge keeps trying"),
        };
        UplinkError { message, retry_after: retry_after(response.headers(), Timestamp::now()) }
    }
}

impl Uplink for HttpUplink {
    async fn send(&self, batch: &Batch) -> Result<Ack, UplinkError> {
        self.post(link::path::PUNCHES, batch).await
    }

    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Orders, UplinkError> {
        self.post(link::path::HEARTBEAT, heartbeat).await
    }

    async fn renew_token(&self) -> Result<(), UplinkError> {
        let NewToken { token } = self.post(link::path::TOKEN, &()).await?;
        // On the disk before it is used for the first time: from then on the hub takes no other.
        Ok(self.token.write(&token)?)
    }
}

fn address(hub: &str) -> Result<Url, UplinkError> {
    let url = Url::parse(hub).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        UplinkError::new(format!("`{hub}` is no address of a hub: write it like https://hub.example:8080"))
    })
}

fn client(hub: &Url, pin: Option<Pin>) -> Result<Client, UplinkError> {
    let builder = Client::builder()
        .timeout(ANSWER_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(1)
        .redirect(reqwest::redirect::Policy::none());
    let builder = match pin {
        None => builder,
        Some(_) if hub.scheme() != "https" => {
            let cure = "write https://, or enrol with a code that has no pin";
            return Err(UplinkError::new(format!("the hub at {hub} has a pinned certificate, and no TLS: {cure}")));
        }
        Some(pin) => builder.tls_backend_preconfigured(
            tls::pinned(pin).map_err(|error| UplinkError::new(format!("TLS can't be set up: {error}")))?,
        ),
    };
    builder.build().map_err(|error| {
        let cure = "if it lacks certificates, install the package ca-certificates";
        UplinkError::new(format!("the connection to the hub can't be set up: {}; {cure}", chain(&error)))
    })
}

fn join(hub: &Url, path: &str) -> Result<Url, UplinkError> {
    hub.join(path).map_err(|error| UplinkError::new(format!("{hub}{path}: {error}")))
}

fn unreachable(hub: &Url, error: &reqwest::Error, cure: &str) -> String {
    format!("the hub at {hub} can't be reached: {}; {cure}", chain(error))
}

async fn understood<A: serde::de::DeserializeOwned>(hub: &Url, response: Response) -> Result<A, UplinkError> {
    response.json().await.map_err(|error| {
        let why = chain(&error);
        UplinkError::new(format!("the hub's answer can't be read ({why}); is {hub} a Punchclock hub?"))
    })
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
