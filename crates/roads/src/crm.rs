//! The webhook of a CRM, and of whoever takes the same: one POST per record, or per batch of them, JSON from a template, with a token.
//!
//! Invariants:
//! * A record is taken when the answer is 200 or 201, and in no other case (rules 21).
//! * A request goes to the address that was looked at, and nowhere else: no redirect is followed and no proxy asked. Without
//!   `allow_private` it is https, and the address is one of the public network.
//! * What the receiver says is told without what opens its door.
//! * A record that is sent again has the same `Idempotency-Key` and `webhook-id` as before, of each revision its own.

// A shell: it owns connections, and a signature holds the time of its making.
#![allow(clippy::disallowed_methods)]

mod batch;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use ring::hmac;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::batch::{Meaning, Record};
use crate::network::{self, checked_url};
use crate::pace::Pace;
use crate::secrets::Secrets;
use crate::sink::{Answer, Fields, Letter, Sink};
use crate::template::Template;

/// Requests on their way at a time.
const AT_A_TIME: usize = 16;
/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// A receiver that wants a pause of this length at most is waited for; for more, the next run is.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often it may want one for the same record.
const PAUSES: u32 = 2;
/// Characters of an answer's text that a receipt holds.
const RECEIPT_CHARS: usize = 120;
/// What a signing secret may begin with (Standard Webhooks).
const SECRET_PREFIX: &str = "whsec_";

/// How a receiver is reached.
#[derive(Clone)]
pub struct CrmConfig {
    /// Its address.
    pub url: String,
    /// Its token: `Authorization: Token ...`.
    pub token: String,
    /// What records are signed with (Standard Webhooks): base64, with or without `whsec_`.
    pub signing_secret: Option<String>,
    /// The body.
    pub template: Template,
    /// Whether plain HTTP and addresses that are not public are allowed.
    pub allow_private: bool,
    /// Records a second at most; 0 is no limit.
    pub per_second: u32,
    /// Records of one POST at most; 0 for one record by itself, not in an array.
    pub batch: u32,
    /// Longest wait for an answer; `None` for 30 seconds.
    pub timeout: Option<Duration>,
}

/// A client of a CRM's webhook.
pub struct Crm {
    batch: usize,
    template: Template,
    post: Arc<Post>,
    runtime: Runtime,
}

/// What a request needs.
struct Post {
    client: Client,
    url: Url,
    authorization: HeaderValue,
    key: Option<hmac::Key>,
    secrets: Secrets,
    pace: Pace,
    room: Semaphore,
}

impl Crm {
    /// A client. TLS needs a process-wide rustls provider: the executable installs one before. Not within a runtime.
    ///
    /// # Errors
    /// What is wrong with the address, the token or the secret, with the cure.
    pub fn new(config: CrmConfig) -> Result<Self, String> {
        let url = checked_url(&config.url, config.allow_private)?;
        let mut authorization = HeaderValue::try_from(format!("Token {}", config.token))
            .map_err(|_| "the token has characters that no header can carry; look at its file".to_owned())?;
        authorization.set_sensitive(true);
        let key = config.signing_secret.as_deref().map(signing_key).transpose()?;
        if config.batch > 0 && !batch::fits(&config.template) {
            return Err("records of a batch have their key inside: the template must be an object".to_owned());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no client can be made: {error}"))?;
        let client = network::client(config.timeout.unwrap_or(ANSWER_TIMEOUT), config.allow_private)?;
        let pace = Pace::new(config.per_second, &runtime);
        let signing = config.signing_secret.iter().flat_map(|secret| [secret.as_str(), bare(secret)]);
        let secrets = Secrets::new(&config.url, signing.chain([config.token.as_str()]));
        let post = Arc::new(Post { client, url, authorization, key, secrets, pace, room: Semaphore::new(AT_A_TIME) });
        Ok(Self { batch: config.batch as usize, template: config.template, post, runtime })
    }
}

impl Sink for Crm {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        let mut answers = vec![Answer::NotNow("the request broke off by a defect".to_owned()); letters.len()];
        self.runtime.block_on(async {
            // Answers by the place of the first record that they are for.
            let mut under_way = JoinSet::new();
            if self.batch > 0 {
                for (part, letters) in letters.chunks(self.batch).enumerate() {
                    let (post, place) = (self.post.clone(), part * self.batch);
                    let records: Vec<_> = letters.iter().map(|letter| Record::new(letter, &self.template)).collect();
                    under_way.spawn(async move { (place, post.send_batch(&records).await) });
                }
            } else {
                for (place, letter) in letters.iter().enumerate() {
                    let (post, body) = (self.post.clone(), self.template.render(&letter.fields).to_string());
                    let (key, marks) = (letter.key(), marks(letter));
                    under_way.spawn(async move { (place, vec![post.send(&key, &marks, body).await]) });
                }
            }
            while let Some(done) = under_way.join_next().await {
                if let Ok((place, some)) = done {
                    answers.iter_mut().skip(place).zip(some).for_each(|(slot, answer)| *slot = answer);
                }
            }
        });
        answers
    }

    fn render(&self, fields: &Fields) -> Value {
        self.template.render(fields)
    }

    fn test(&self) -> Result<String, String> {
        let request = self.post.client.get(self.post.url.clone()).header(AUTHORIZATION, &self.post.authorization);
        let asked = self.runtime.block_on(async move { request.send().await });
        let status = asked.map_err(in_words)?.status();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(format!("the receiver does not let this hub in ({status}): look at the token"))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                Err(format!("there is nothing at this address ({status}): look at the URL"))
            }
            _ if status.is_server_error() => Err(format!("the receiver is in trouble ({status}); look there")),
            // Whoever only takes posts says so, and is there.
            _ => Ok(format!("the receiver answers ({status})")),
        }
    }
}

impl Post {
    /// Sends a record.
    async fn send(&self, key: &str, marks: &HeaderMap, body: String) -> Answer {
        match self.ask(key, marks, body, 1).await {
            Ok((status, text)) => answer_of(status, &text, &self.secrets),
            Err(why) => Answer::NotNow(why),
        }
    }

    /// Sends records in one request, and where something in it is refused in as many as it takes to find out what.
    async fn send_batch(&self, records: &[Record]) -> Vec<Answer> {
        let mut answers = vec![Answer::NotNow("it was not sent".to_owned()); records.len()];
        let mut parts: Vec<_> = std::iter::once(0..records.len()).collect();
        while let Some(range) = parts.pop() {
            let Some(part) = records.get(range.clone()) else { continue };
            let (key, body) = (batch::key_of(part), batch::body_of(part));
            let mut said = self.ask(&key, &HeaderMap::new(), body.clone(), part.len()).await;
            if said.is_err() {
                // It may be there: under the same key it counts once, and the receiver says so.
                said = self.ask(&key, &HeaderMap::new(), body, part.len()).await;
            }
            let meaning = match said {
                Ok((status, text)) => batch::meaning(status, &text, part, &self.secrets),
                Err(why) => Meaning::Each(vec![Answer::NotNow(why); part.len()]),
            };
            match meaning {
                Meaning::Halves => parts.extend(batch::halves(&range).into_iter().rev()),
                Meaning::Each(some) => {
                    let is_open = !matches!(some.first(), Some(Answer::Closed(_)));
                    answers.iter_mut().skip(range.start).zip(some).for_each(|(slot, answer)| *slot = answer);
                    if !is_open {
                        break;
                    }
                }
            }
        }
        answers
    }

    /// Sends a body with so many records; the pauses that the receiver wants are made. Status and text of the answer, or why there is none.
    async fn ask(
        &self,
        key: &str,
        marks: &HeaderMap,
        body: String,
        records: usize,
    ) -> Result<(StatusCode, String), String> {
        let Ok(_room) = self.room.acquire().await else {
            return Err("the client has ended".to_owned());
        };
        let mut pauses = 0;
        loop {
            self.pace.wait(records).await;
            let response = self.request(key, marks, body.clone()).send().await.map_err(in_words)?;
            let status = response.status();
            let pause = pause_of(status, response.headers(), Timestamp::now()).filter(|pause| *pause <= LONGEST_PAUSE);
            if let (Some(pause), true) = (pause, pauses < PAUSES) {
                pauses += 1;
                tokio::time::sleep(pause).await;
                continue;
            }
            // A status counts also where the line breaks before the end of the text.
            return Ok((status, response.text().await.unwrap_or_default()));
        }
    }

    fn request(&self, key: &str, marks: &HeaderMap, body: String) -> RequestBuilder {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, &self.authorization)
            .headers(marks.clone())
            .header("idempotency-key", key);
        if let Some(signing) = &self.key {
            let at = Timestamp::now().as_second();
            request = request
                .header("webhook-id", key)
                .header("webhook-timestamp", at)
                .header("webhook-signature", signature(signing, key, at, &body));
        }
        request.body(body)
    }
}

/// What a receiver may look at without reading the body.
fn marks(letter: &Letter) -> HeaderMap {
    let mut marks = HeaderMap::from_iter([(HeaderName::from_static("punchclock-revision"), letter.revision.into())]);
    if let Some(Ok(event)) = letter.fields.get("event").and_then(Value::as_str).map(HeaderValue::try_from) {
        marks.insert("punchclock-event", event);
    }
    marks
}

/// `v1,` and the HMAC-SHA256 of id, time and body (Standard Webhooks).
fn signature(key: &hmac::Key, id: &str, at: i64, body: &str) -> String {
    let signed = hmac::sign(key, format!("{id}.{at}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signed))
}

fn signing_key(secret: &str) -> Result<hmac::Key, String> {
    let bytes = STANDARD.decode(bare(secret));
    let bytes = bytes.ok().filter(|bytes| bytes.len() >= 16);
    let bytes = bytes.ok_or("the signing secret is no base64 of 16 bytes or more; look at its file")?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// A signing secret as base64 alone.
fn bare(secret: &str) -> &str {
    secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret)
}

/// What an answer means.
fn answer_of(status: StatusCode, text: &str, secrets: &Secrets) -> Answer {
    let mut says = secrets.said(text, RECEIPT_CHARS);
    if !says.is_empty() {
        says.insert_str(0, ": ");
    }
    match status.as_u16() {
        200 | 201 => Answer::Taken(format!("{status}{says}")),
        401 => Answer::Closed(format!("the receiver does not let this hub in ({status}{says}): look at the token")),
        403 | 404 | 410 => Answer::Barred(format!("{status}{says}")),
        300..400 => Answer::Closed(format!("the receiver has moved ({status}{says}): give its new URL")),
        408 | 425 | 429 => Answer::NotNow(format!("{status}{says}")),
        400..500 => Answer::Refused(format!("refused: {status}{says}")),
        _ => Answer::NotNow(format!("{status}{says}")),
    }
}

/// The pause that a receiver which is busy asks for.
fn pause_of(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let wish = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = wish.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(wish).ok()?.timestamp();
    Duration::try_from(at.duration_since(now)).ok()
}

/// Why nothing came back.
fn in_words(error: reqwest::Error) -> String {
    if error.is_timeout() && !error.is_connect() {
        return "no answer in time; the receiver may have taken it".to_owned();
    }
    network::in_words(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_means_is_told_apart() {
        let of = |status: u16| answer_of(StatusCode::from_u16(status).unwrap(), "all \n well", &Secrets::default());
        assert_eq!(of(201), Answer::Taken("201 Created: all well".to_owned()));
        assert!(matches!(of(200), Answer::Taken(_)));
        for status in [202, 204, 408, 429, 500, 502, 503] {
            assert!(matches!(of(status), Answer::NotNow(_)), "{status}");
        }
        for status in [400, 409, 413, 422] {
            assert!(matches!(of(status), Answer::Refused(_)), "{status}");
        }
        for status in [301, 401] {
            assert!(matches!(of(status), Answer::Closed(_)), "{status}");
        }
        for status in [403, 404, 410] {
            assert!(matches!(of(status), Answer::Barred(_)), "{status}");
        }
    }

    #[test]
    fn a_busy_receiver_is_given_the_pause_that_it_asks_for() {
        let now: Timestamp = "2026-03-04T07:28:00Z".parse().unwrap();
        let of =
            |status, wish: &str| pause_of(status, &HeaderMap::from_iter([(RETRY_AFTER, wish.parse().unwrap())]), now);
        assert_eq!(of(StatusCode::TOO_MANY_REQUESTS, "7"), Some(Duration::from_secs(7)));
        assert_eq!(
            of(StatusCode::SERVICE_UNAVAILABLE, "Wed, 04 Mar 2026 07:30:00 GMT"),
            Some(Duration::from_secs(120))
        );
        assert_eq!(of(StatusCode::INTERNAL_SERVER_ERROR, "7"), None);
    }

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        // The example of the specification.
        let key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(signing_key("short").is_err());
    }
}
