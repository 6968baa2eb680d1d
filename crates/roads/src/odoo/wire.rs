//! Calls to Odoo: JSON-RPC and JSON-2 behind one port, and what their failures mean.
//!
//! Invariants:
//! * Failures are classed by status and `data.name`, never by the text, which is translated. `debug` holds a traceback of the server and
//!   is not even read.
//! * A call without a whole answer may have had its effect, and one that Odoo broke at as well: [`Fault::Doubtful`], [`Fault::Stumbled`].
//!   Nobody repeats one before looking.
//! * The key goes into the body or the header that Odoo wants it in, and nowhere else.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::OdooConfig;
use crate::network::{self, checked_url};
use crate::sink::Answer;

/// Longest wait for an answer: half of what Odoo gives a request by default.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Characters of Odoo's reason that are kept.
const REASON_CHARS: usize = 200;
/// The first version that speaks JSON-2.
const FIRST_WITH_JSON2: u32 = 19;
/// What keys are about, for whoever has to make a new one.
const KEY_CURE: &str = "look at the user and the key; an API key of an ordinary user ends after 90 days at most: make a new one and \
                        give the same `add` command again with it, what waits stays";

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody was reached.
    Away(String),
    /// No whole answer, or one of trouble with all that is asked: Odoo may have done it.
    Doubtful(String),
    /// Odoo is there and broke at this call, by a mistake of its own that one record may be enough for.
    Stumbled(String),
    /// It was not made, for what became of calls before it.
    Unsent(String),
    /// Odoo does not want this call, for the exception that is named.
    Refused {
        /// Name of the exception.
        name: String,
        /// Odoo's reason.
        why: String,
    },
    /// Odoo wants nothing from here, or is not there.
    Closed(String),
}

impl Fault {
    pub(super) fn into_answer(self) -> Answer {
        match self {
            Self::Away(why) | Self::Doubtful(why) | Self::Stumbled(why) => Answer::NotNow(why),
            Self::Unsent(why) => Answer::Unsent(why),
            Self::Refused { why, .. } => Answer::Refused(why),
            Self::Closed(why) => Answer::Closed(why),
        }
    }

    pub(super) fn says(&self) -> &str {
        match self {
            Self::Away(why)
            | Self::Doubtful(why)
            | Self::Stumbled(why)
            | Self::Unsent(why)
            | Self::Refused { why, .. }
            | Self::Closed(why) => why,
        }
    }
}

/// A method of a model, with its arguments by name.
#[derive(Clone, Debug)]
pub(super) struct Call {
    model: &'static str,
    method: &'static str,
    ids: Option<Vec<i64>>,
    arguments: Map<String, Value>,
}

impl Call {
    pub(super) fn new(model: &'static str, method: &'static str) -> Self {
        Self { model, method, ids: None, arguments: Map::new() }
    }

    /// Of these records.
    pub(super) fn of(mut self, ids: &[i64]) -> Self {
        self.ids = Some(ids.to_vec());
        self
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.arguments.insert(name.to_owned(), value.into());
        self
    }
}

/// How this server is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// With the user's id in every call.
    JsonRpc,
    /// With the key as bearer.
    Json2,
}

/// A server that let us in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Its version, as it says.
    pub(super) version: String,
    pub(super) road: Road,
    /// The user's id.
    pub(super) uid: i64,
}

/// What requests need.
pub(super) struct Wire {
    client: Client,
    base: Url,
    bearer: HeaderValue,
    database: String,
    user: String,
    key: String,
}

/// An error as both roads give it, without its traceback.
#[derive(Debug, Deserialize)]
struct Told {
    name: String,
    #[serde(default)]
    message: String,
}

impl Wire {
    pub(super) fn new(config: &OdooConfig) -> Result<Self, String> {
        let mut base = checked_url(&config.url, config.allow_private)?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let mut bearer = HeaderValue::try_from(format!("bearer {}", config.key))
            .map_err(|_| "the key has characters that no header can carry; look at its file".to_owned())?;
        bearer.set_sensitive(true);
        HeaderValue::try_from(&config.database)
            .map_err(|_| format!("`{}` is no name of a database", config.database))?;
        Ok(Self {
            client: network::client(config.timeout.unwrap_or(ANSWER_TIMEOUT), config.allow_private)?,
            base,
            bearer,
            database: config.database.clone(),
            user: config.user.clone(),
            key: config.key.clone(),
        })
    }

    /// Asks which version is there and logs in by the road that fits: JSON-2 from 19 on, where JSON-RPC is to end, if the key is one
    /// that it takes; JSON-RPC otherwise.
    pub(super) async fn open(&self) -> Result<Session, Fault> {
        // Before a session there is no record that could be refused.
        self.try_to_open().await.map_err(|fault| match fault {
            Fault::Refused { why, .. } => Fault::Closed(why),
            fault => fault,
        })
    }

    async fn try_to_open(&self) -> Result<Session, Fault> {
        let told = self.version_by_page().await?;
        if let Some(version) = &told
            && major(version) >= FIRST_WITH_JSON2
        {
            let session = Session { version: version.clone(), road: Road::Json2, uid: 0 };
            // A password is no bearer, and may be all that there is.
            match self.call(&session, Call::new("res.users", "context_get")).await {
                Ok(told) => {
                    let uid = told.get("uid").and_then(Value::as_i64).unwrap_or_default();
                    return Ok(Session { uid, ..session });
                }
                Err(Fault::Closed(why)) => {
                    return self.log_in(told).await.map_err(|_| Fault::Closed(why));
                }
                Err(fault) => return Err(fault),
            }
        }
        self.log_in(told).await
    }

    /// The version that `/web/version` tells from 19 on; `None` from a server that does not know it.
    async fn version_by_page(&self) -> Result<Option<String>, Fault> {
        let request = self.client.get(self.at("web/version"));
        let answer = heard(request).await;
        match answer {
            Ok((StatusCode::OK, text)) => {
                let told: Option<Value> = serde_json::from_str(&text).ok();
                Ok(told.and_then(|told| told.get("version")?.as_str().map(str::to_owned)))
            }
            Ok((status, _)) if status.is_server_error() => {
                Err(Fault::Doubtful(format!("Odoo is in trouble ({status}); look there")))
            }
            Ok(_) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn log_in(&self, told: Option<String>) -> Result<Session, Fault> {
        let version = match told {
            Some(version) => version,
            None => {
                let told = self.rpc("common", "version", &json!([])).await?;
                told.get("server_version").and_then(Value::as_str).unwrap_or("unknown").to_owned()
            }
        };
        let who = json!([self.database, self.user, self.key, {}]);
        match self.rpc("common", "authenticate", &who).await? {
            Value::Number(uid) => {
                let uid = uid.as_i64().unwrap_or_default();
                Ok(Session { version, road: Road::JsonRpc, uid })
            }
            _ => Err(Fault::Closed(format!("Odoo does not let `{}` in: {KEY_CURE}", self.user))),
        }
    }

    /// Does a call.
    pub(super) async fn call(&self, session: &Session, call: Call) -> Result<Value, Fault> {
        match session.road {
            Road::JsonRpc => {
                let Call { model, method, ids, arguments } = call;
                let records = ids.map_or_else(|| json!([]), |ids| json!([ids]));
                let args = json!([self.database, session.uid, self.key, model, method, records, arguments]);
                self.rpc("object", "execute_kw", &args).await
            }
            Road::Json2 => self.json2(call).await,
        }
    }

    async fn rpc(&self, service: &str, method: &str, args: &Value) -> Result<Value, Fault> {
        let params = json!({"service": service, "method": method, "args": args});
        let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params});
        let request = self.client.post(self.at("jsonrpc")).header(CONTENT_TYPE, "application/json");
        let (status, text) = heard(request.body(body.to_string())).await?;
        let answer: Option<Map<String, Value>> = serde_json::from_str(&text).ok();
        let Some(mut answer) = answer.filter(|_| status.is_success()) else { return Err(no_answer(status)) };
        if let Some(error) = answer.get_mut("error") {
            let data = error.get_mut("data").map(Value::take).unwrap_or_default();
            return Err(serde_json::from_value(data).map_or_else(|_| no_answer(status), |told| self.fault(told)));
        }
        // A method that returns nothing has no result here.
        Ok(answer.remove("result").unwrap_or_default())
    }

    async fn json2(&self, call: Call) -> Result<Value, Fault> {
        let Call { model, method, ids, arguments } = call;
        let mut body = arguments;
        if let Some(ids) = ids {
            body.insert("ids".to_owned(), json!(ids));
        }
        let request = self
            .client
            .post(self.at(&format!("json/2/{model}/{method}")))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, &self.bearer)
            .header("X-Odoo-Database", &self.database);
        let (status, text) = heard(request.body(Value::Object(body).to_string())).await?;
        if status.is_success() {
            return serde_json::from_str(&text).map_err(|_| no_answer(status));
        }
        match serde_json::from_str::<Told>(&text) {
            Ok(_) if status == StatusCode::UNAUTHORIZED => {
                Err(Fault::Closed(format!("Odoo does not take the key: {KEY_CURE}")))
            }
            Ok(told) => Err(self.fault(told)),
            Err(_) => Err(no_answer(status)),
        }
    }

    /// What an exception of Odoo means (reference, section 2).
    fn fault(&self, told: Told) -> Fault {
        let Told { name, message } = told;
        let why = reason(&message);
        match name.as_str() {
            "odoo.exceptions.AccessDenied" | "werkzeug.exceptions.Unauthorized" => {
                Fault::Closed(format!("Odoo does not let `{}` in: {KEY_CURE}", self.user))
            }
            // Models, methods and arguments are ours and the same for every record, so it is the server that lacks them.
            "werkzeug.exceptions.NotFound" => Fault::Closed(format!(
                "Odoo lacks what is asked for ({why}): is the app installed that has it (Attendances, or Time Off for leave)?"
            )),
            "werkzeug.exceptions.UnprocessableEntity" => Fault::Closed(format!(
                "Odoo wants other arguments than this version gives ({why}): is it one of 17 to 19, and does an app of its own change that?"
            )),
            // What PostgreSQL says before there is a session, where Odoo 17 and 18 are asked for a database that is not there.
            "psycopg2.OperationalError"
                if message.contains(&format!("database \"{}\" does not exist", self.database)) =>
            {
                Fault::Closed(format!("Odoo has no database `{}`: look at its name", self.database))
            }
            name if name.starts_with("psycopg2.") => {
                let why = format!(
                    "Odoo has trouble with database `{}` ({name}): is that its name, and is its PostgreSQL up?",
                    self.database
                );
                // A statement of this call failed, or the database did.
                if name.starts_with("psycopg2.errors.") { Fault::Stumbled(why) } else { Fault::Doubtful(why) }
            }
            // A mistake in a call stays one, also where JSON-2 answers 500 for it.
            _ if name.starts_with("odoo.exceptions.")
                || name.starts_with("builtins.")
                || name.starts_with("werkzeug.exceptions.") =>
            {
                Fault::Refused { why: format!("Odoo refuses it: {why}"), name }
            }
            _ => Fault::Stumbled(format!("Odoo is in trouble ({name}: {why}); look there")),
        }
    }

    fn at(&self, path: &str) -> Url {
        // A path of letters is one that can be joined.
        self.base.join(path).unwrap_or_else(|_| self.base.clone())
    }
}

/// Status and whole text of an answer.
async fn heard(request: RequestBuilder) -> Result<(StatusCode, String), Fault> {
    let response = request.send().await.map_err(nothing)?;
    let status = response.status();
    let text = response.text().await.map_err(nothing)?;
    Ok((status, text))
}

fn nothing(error: reqwest::Error) -> Fault {
    let (is_away, is_late) = (error.is_connect() || error.is_builder(), error.is_timeout());
    let words = network::in_words(error);
    match (is_away, is_late) {
        (true, _) => Fault::Away(words),
        (false, true) => Fault::Doubtful("no answer in time; Odoo may have done what was asked".to_owned()),
        (false, false) => Fault::Doubtful(format!("{words}; Odoo may have done what was asked")),
    }
}

/// What an answer means that is not Odoo's JSON.
fn no_answer(status: StatusCode) -> Fault {
    match status.as_u16() {
        404 | 410 => {
            Fault::Closed(format!("there is no Odoo with this database at the address ({status}): look at both"))
        }
        300..400 => Fault::Closed(format!("Odoo has moved ({status}): give its new URL")),
        401 | 403 => Fault::Closed(format!("Odoo is behind a door that this hub has no key for ({status})")),
        408 | 425 | 429 => Fault::Away(format!("Odoo is busy ({status})")),
        400..500 => {
            Fault::Closed(format!("what answers is no Odoo that this version knows ({status}): look at the URL"))
        }
        number => {
            let why = format!("Odoo's answer can't be read ({status}); it may have done what was asked");
            // The page of an exception that Odoo did not put into JSON; other numbers are of those in front of it.
            if number == 500 { Fault::Stumbled(why) } else { Fault::Doubtful(why) }
        }
    }
}

/// Odoo's own words, short and in one line.
pub(super) fn reason(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(REASON_CHARS).collect()
}

/// The first number of a version: of `saas~18.2` it is 18.
fn major(version: &str) -> u32 {
    let digits = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_also_of_the_hosted_ones() {
        for (version, number) in [("19.0", 19), ("18.0-20250101", 18), ("saas~19.2+e", 19), ("", 0), ("master", 0)] {
            assert_eq!(major(version), number, "{version}");
        }
    }

    #[test]
    fn an_answer_that_is_no_json_is_a_closed_door_trouble_or_no_odoo() {
        let of = |status: u16| no_answer(StatusCode::from_u16(status).unwrap_or_default());
        for status in [301, 400, 401, 403, 404, 415] {
            assert!(matches!(of(status), Fault::Closed(_)), "{status}");
        }
        for status in [200, 502, 503, 504, 520] {
            assert!(matches!(of(status), Fault::Doubtful(_)), "{status}");
        }
        assert!(matches!(of(500), Fault::Stumbled(_)));
        assert!(matches!(of(429), Fault::Away(_)));
    }
}
