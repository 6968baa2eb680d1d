//! The road to the hub: a trait, and its form over HTTP. `serve` brings its own, which calls the hub in the same
//! process.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use link::body::{self, GZIP};
use link::enrol::{Enrolled, Invitation, NewToken, Pin};
use link::{Ack, Batch, Heartbeat, Orders};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};

use crate::plan::hubs::{AfterTrouble, HubTrouble, Round, shuffle};
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

/// The hub over HTTP, with the edge's token; or several hubs on one database, of which one that answers is called.
///
/// TLS needs a process-wide rustls provider: the executable installs one before.
#[derive(Debug)]
pub struct HttpUplink {
    /// In this edge's order.
    hubs: Vec<HubAddress>,
    /// Where the next call begins: at the hub that answered last.
    at: AtomicUsize,
    token: TokenFile,
    client: Client,
}

/// A hub, and what it has told of itself.
#[derive(Debug)]
struct HubAddress {
    url: Url,
    /// It has said that it unpacks.
    unpacks: AtomicBool,
}

/// Why one hub did not take a call.
struct Failed {
    trouble: HubTrouble,
    error: UplinkError,
}

impl Failed {
    /// The call broke off: nothing, or no whole answer, came back.
    fn broke_off(error: &reqwest::Error, message: String) -> Self {
        let is_silent = error.is_timeout() && !error.is_connect();
        Self {
            trouble: if is_silent { HubTrouble::Silent } else { HubTrouble::Away },
            error: UplinkError::new(message),
        }
    }
}

impl From<UplinkError> for Failed {
    fn from(error: UplinkError) -> Self {
        Self { trouble: HubTrouble::Away, error }
    }
}

impl From<TokenError> for Failed {
    fn from(error: TokenError) -> Self {
        UplinkError::from(error).into()
    }
}

impl HttpUplink {
    /// A client for the hubs at these addresses (`https://hub.example:8080`). With pins only hubs whose certificate has one of those
    /// keys are talked to; without any the certificates that the system trusts decide. The token is read when it is needed, so that
    /// a new one needs no restart.
    ///
    /// # Errors
    /// When there is no address, one is no http or https URL, or TLS can't be set up.
    pub fn new<H: AsRef<str>>(
        hubs: impl IntoIterator<Item = H>,
        token: TokenFile,
        pins: &[Pin],
    ) -> Result<Self, UplinkError> {
        let urls = addresses(hubs)?;
        let client = client(&urls, pins)?;
        let mut hubs: Vec<_> =
            urls.into_iter().map(|url| HubAddress { url, unpacks: AtomicBool::new(false) }).collect();
        shuffle(&mut hubs, crate::chance);
        Ok(Self { hubs, at: AtomicUsize::new(0), token, client })
    }

    /// Exchanges the one-time token of a code for the edge's own, with the first hub of the code that takes it. The same code may be
    /// tried again until that is used.
    ///
    /// # Errors
    /// As [`HttpUplink::new`]; when no hub can be reached and takes the code.
    pub async fn enroll(invitation: &Invitation) -> Result<Enrolled, UplinkError> {
        let hubs = addresses(&invitation.hubs)?;
        let client = client(&hubs, &invitation.pins)?;
        let mut failed = Vec::new();
        for hub in &hubs {
            match enroll_at(&client, hub, invitation).await {
                Ok(enrolled) => return Ok(enrolled),
                Err(error) => failed.push(error),
            }
        }
        Err(together(failed))
    }

    /// Calls the hubs in turn, until one answers or all have failed.
    async fn post<B: serde::Serialize + Sync, A: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<A, UplinkError> {
        let plain =
            serde_json::to_vec(body).map_err(|error| UplinkError::new(format!("a call can't be written: {error}")))?;
        let mut round = Round::new(self.hubs.len(), self.at.load(Ordering::Relaxed));
        let mut errors = Vec::new();
        while let Some(hub) = self.hubs.get(round.at()) {
            let failed = match self.post_to(hub, path, &plain).await {
                Ok(answer) => {
                    self.at.store(round.at(), Ordering::Relaxed);
                    if !errors.is_empty() {
                        tracing::warn!(hub = %hub.url, "another hub takes what this edge has: {}", together(errors));
                    }
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            errors.push(failed.error);
            match round.after(failed.trouble) {
                AfterTrouble::Call(next) => round = next,
                AfterTrouble::Wait(then) => {
                    self.at.store(then, Ordering::Relaxed);
                    break;
                }
            }
        }
        Err(together(errors))
    }

    async fn post_to<A: serde::de::DeserializeOwned>(
        &self,
        hub: &HubAddress,
        path: &str,
        plain: &[u8],
    ) -> Result<A, Failed> {
        let token = self.token.read()?;
        let mut response = self.post_as(hub, &token, path, plain).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            // Another call may have brought a new token meanwhile, or a person put one into the file.
            self.token.forget();
            let current = self.token.read()?;
            if current != token {
                response = self.post_as(hub, &current, path, plain).await?;
            }
        }
        if response.status() != StatusCode::OK {
            return Err(self.refusal(&hub.url, &response).into());
        }
        understood(&hub.url, response).await
    }

    async fn post_as(&self, hub: &HubAddress, token: &str, path: &str, plain: &[u8]) -> Result<Response, Failed> {
        let packed = hub.unpacks.load(Ordering::Relaxed).then(|| body::pack(plain)).flatten();
        let url = join(&hub.url, path)?;
        let request = self.client.post(url).bearer_auth(token).header(CONTENT_TYPE, "application/json");
        let request = match packed {
            Some(packed) => request.header(CONTENT_ENCODING, GZIP).body(packed),
            None => request.body(plain.to_vec()),
        };
        let sent = request.send().await;
        let response =
            sent.map_err(|error| Failed::broke_off(&error, unreachable(&hub.url, &error, "the edge keeps trying")))?;
        // Every answer says it anew: behind an address there may be another hub tomorrow.
        hub.unpacks.store(unpacks(response.headers()), Ordering::Relaxed);
        Ok(response)
    }

    fn refusal(&self, hub: &Url, response: &Response) -> UplinkError {
        let status = response.status();
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

async fn enroll_at(client: &Client, hub: &Url, invitation: &Invitation) -> Result<Enrolled, UplinkError> {
    let url = join(hub, link::path::ENROLL)?;
    let sent = client.post(url).bearer_auth(invitation.token()).send().await;
    let response = sent.map_err(|error| UplinkError::new(unreachable(hub, &error, "try the code again")))?;
    match response.status() {
        StatusCode::OK => understood(hub, response).await.map_err(|failed| failed.error),
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

/// What went wrong at each hub, as one. The soonest wish is the one that counts: any hub may take it.
fn together(errors: Vec<UplinkError>) -> UplinkError {
    let retry_after = errors.iter().filter_map(|error| error.retry_after).min();
    let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
    UplinkError { message: messages.join("; "), retry_after }
}

fn addresses<H: AsRef<str>>(hubs: impl IntoIterator<Item = H>) -> Result<Vec<Url>, UplinkError> {
    let urls = hubs.into_iter().map(|hub| address(hub.as_ref())).collect::<Result<Vec<_>, _>>()?;
    if urls.is_empty() { Err(UplinkError::new("no hub is named")) } else { Ok(urls) }
}

fn address(hub: &str) -> Result<Url, UplinkError> {
    let url = Url::parse(hub).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| {
        UplinkError::new(format!("`{hub}` is no address of a hub: write it like https://hub.example:8080"))
    })
}

fn client(hubs: &[Url], pins: &[Pin]) -> Result<Client, UplinkError> {
    let builder = Client::builder()
        .timeout(ANSWER_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(1)
        .redirect(reqwest::redirect::Policy::none());
    let builder = match hubs.iter().find(|hub| hub.scheme() != "https") {
        _ if pins.is_empty() => builder,
        Some(plain) => {
            let cure = "write https://, or enrol with a code that has no pin";
            return Err(UplinkError::new(format!("the hub at {plain} has a pinned certificate, and no TLS: {cure}")));
        }
        None => builder.tls_backend_preconfigured(
            tls::pinned(pins).map_err(|error| UplinkError::new(format!("TLS can't be set up: {error}")))?,
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

async fn understood<A: serde::de::DeserializeOwned>(hub: &Url, response: Response) -> Result<A, Failed> {
    response.json().await.map_err(|error| {
        let why = chain(&error);
        Failed::broke_off(&error, format!("the hub's answer can't be read ({why}); is {hub} a Punchclock hub?"))
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
