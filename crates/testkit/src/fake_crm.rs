use std::collections::{BTreeMap, VecDeque};
use std::io::{BufReader, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::http::Request;
use crate::line::{self, Identity, Line};

/// What a receiver does with the next record instead of taking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrmFault {
    /// Answers with this status.
    Status(u16),
    /// Answers 429, and wants a pause of so many seconds.
    Busy(u32),
    /// Never answers.
    Silent,
    /// Takes the record, and the line is gone before the answer.
    LosesReply,
    /// Answers 302 with this address.
    Moved(String),
}

/// A record that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmRecord {
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// A CRM on loopback that takes records by POST: it wants a token, and keeps the idempotency keys of what it took.
pub struct FakeCrm {
    base: String,
    state: Arc<Mutex<State>>,
}

struct State {
    token: String,
    faults: VecDeque<CrmFault>,
    refused: Option<(String, u16)>,
    answers_each: bool,
    repeats: bool,
    /// Key and body of each batch that came, in their order.
    batches: Vec<(String, String)>,
    delay: Duration,
    calls: usize,
    /// Whose records are on their way: the keys without date and revision.
    under_way: Vec<String>,
    overtaken: usize,
    /// By key; each had one effect.
    taken: BTreeMap<String, CrmRecord>,
    /// Connections that are never answered.
    silent: Vec<Box<dyn Line>>,
}

impl FakeCrm {
    /// A CRM that wants a token.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn start(token: &str) -> Result<Self> {
        Self::listening(token, None)
    }

    /// One that is reached by TLS, and shows who it is.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn start_encrypted(token: &str, identity: &Identity) -> Result<Self> {
        Self::listening(token, Some(identity))
    }

    fn listening(token: &str, identity: Option<&Identity>) -> Result<Self> {
        let state = Arc::new(Mutex::new(State {
            token: token.to_owned(),
            faults: VecDeque::new(),
            refused: None,
            answers_each: false,
            repeats: false,
            batches: Vec::new(),
            delay: Duration::ZERO,
            calls: 0,
            under_way: Vec::new(),
            overtaken: 0,
            taken: BTreeMap::new(),
            silent: Vec::new(),
        }));
        let shared = state.clone();
        let base = line::listen(identity, move |line| serve(&shared, line))?;
        Ok(Self { base, state })
    }

    /// Where records are posted to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/attendance", self.base)
    }

    /// What it does with the next records, one after another, before it takes records again.
    pub fn will(&self, faults: impl IntoIterator<Item = CrmFault>) {
        locked(&self.state).faults = faults.into_iter().collect();
    }

    /// Refuses for good, with 422, what has this text in it; `None` for nothing.
    pub fn refuse(&self, text: Option<&str>) {
        locked(&self.state).refused = text.map(|text| (text.to_owned(), 422));
    }

    /// As [`FakeCrm::refuse`], with another status.
    pub fn refuse_with(&self, status: u16, text: &str) {
        locked(&self.state).refused = Some((text.to_owned(), status));
    }

    /// Answers a batch with 207 and the status of each record; without, it takes or refuses it as a whole.
    pub fn answer_each(&self) {
        locked(&self.state).answers_each = true;
    }

    /// Says in each answer what it was shown: the token, and the address that was asked.
    pub fn repeat(&self) {
        locked(&self.state).repeats = true;
    }

    /// Wants another token from now on.
    pub fn want(&self, token: &str) {
        token.clone_into(&mut locked(&self.state).token);
    }

    /// Takes so long for each answer.
    pub fn take_time(&self, delay: Duration) {
        locked(&self.state).delay = delay;
    }

    /// Forgets what it took, and the keys of it.
    pub fn forget(&self) {
        locked(&self.state).taken.clear();
    }

    /// How many requests came.
    #[must_use]
    pub fn calls(&self) -> usize {
        locked(&self.state).calls
    }

    /// How many requests came while another one about the same employee was not answered yet.
    #[must_use]
    pub fn overtaken(&self) -> usize {
        locked(&self.state).overtaken
    }

    /// Key and body of each batch that came, in their order.
    #[must_use]
    pub fn batches(&self) -> Vec<(String, String)> {
        locked(&self.state).batches.clone()
    }

    /// What it took, by idempotency key.
    #[must_use]
    pub fn taken(&self) -> BTreeMap<String, CrmRecord> {
        locked(&self.state).taken.clone()
    }
}

impl State {
    /// The status with which it refuses a record for good; `None` for one that it takes.
    fn refusal_of(&self, record: &str) -> Option<u16> {
        self.refused.as_ref().filter(|(text, _)| record.contains(text)).map(|(_, status)| *status)
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of a connection.
fn serve(state: &Mutex<State>, line: Box<dyn Line>) -> Result<()> {
    let mut reader = BufReader::new(line);
    loop {
        let Some(request) = Request::read(&mut reader)? else { return Ok(()) };
        let is_post = request.method == "POST";
        let shown = request.in_words();
        let record = CrmRecord { headers: request.headers, body: request.body };
        let key = record.headers.get("idempotency-key").map_or("", String::as_str);
        let about = key.rsplitn(3, '/').last().unwrap_or_default().to_owned();
        let delay = {
            let mut state = locked(state);
            state.overtaken += usize::from(state.under_way.contains(&about));
            state.under_way.push(about.clone());
            state.delay
        };
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        let said = {
            let mut state = locked(state);
            if let Some(place) = state.under_way.iter().position(|one| *one == about) {
                state.under_way.swap_remove(place);
            }
            let said = answer(&mut state, record, is_post);
            if state.repeats { said.map(|said| Said { text: shown, ..said }) } else { said }
        };
        match said {
            Some(Said { status, more, text }) => {
                // At once: what goes out in pieces waits for an acknowledgement that the other side delays.
                let length = text.len();
                let answer = format!("HTTP/1.1 {status} Fake\r\n{more}Content-Length: {length}\r\n\r\n{text}");
                reader.get_mut().write_all(answer.as_bytes())?;
            }
            None => {
                let silent = reader.into_inner();
                let mut state = locked(state);
                // The line of a lost reply ends at once, that of a silent receiver when the client gives up.
                if matches!(state.faults.pop_front(), Some(CrmFault::Silent)) {
                    state.silent.push(silent);
                }
                return Ok(());
            }
        }
    }
}

/// An answer.
struct Said {
    status: u16,
    /// Further headers.
    more: String,
    text: String,
}

impl Said {
    fn plain(status: u16, more: String) -> Option<Self> {
        Some(Self { status, more, text: String::from("{}") })
    }
}

/// What is answered; `None` for nothing.
fn answer(state: &mut State, record: CrmRecord, is_post: bool) -> Option<Said> {
    state.calls += 1;
    if record.headers.get("authorization") != Some(&format!("Token {}", state.token)) {
        return Said::plain(401, String::new());
    }
    if !is_post {
        return Said::plain(405, String::new());
    }
    let fault = state.faults.front().cloned();
    if matches!(fault, Some(CrmFault::Silent)) {
        return None;
    }
    if matches!(fault, Some(CrmFault::Status(_) | CrmFault::Busy(_) | CrmFault::Moved(_))) {
        state.faults.pop_front();
    }
    match fault {
        Some(CrmFault::Status(status)) => return Said::plain(status, String::new()),
        Some(CrmFault::Busy(seconds)) => return Said::plain(429, format!("Retry-After: {seconds}\r\n")),
        Some(CrmFault::Moved(to)) => return Said::plain(302, format!("Location: {to}\r\n")),
        _ => {}
    }
    if let Ok(Value::Array(records)) = serde_json::from_str(&record.body) {
        let said = take_batch(state, &record, &records);
        return if fault == Some(CrmFault::LosesReply) { None } else { said };
    }
    if let Some(status) = state.refusal_of(&record.body) {
        return Said::plain(status, String::new());
    }
    let key = record.headers.get("idempotency-key").cloned().unwrap_or_default();
    let is_new = !state.taken.contains_key(&key);
    if is_new {
        state.taken.insert(key, record);
    }
    match fault {
        Some(CrmFault::LosesReply) => None,
        _ => Said::plain(if is_new { 201 } else { 200 }, String::new()),
    }
}

/// Takes the records of a batch by the keys within them.
fn take_batch(state: &mut State, batch: &CrmRecord, records: &[Value]) -> Option<Said> {
    let key = batch.headers.get("idempotency-key").cloned().unwrap_or_default();
    state.batches.push((key, batch.body.clone()));
    let refusals: Vec<Option<u16>> = records.iter().map(|record| state.refusal_of(&record.to_string())).collect();
    if let (false, Some(status)) = (state.answers_each, refusals.iter().flatten().next()) {
        return Said::plain(*status, String::new());
    }
    let mut answers = Vec::new();
    for (record, refusal) in records.iter().zip(refusals) {
        let key = record["idempotency_key"].as_str().unwrap_or_default();
        if let Some(status) = refusal {
            answers.push(json!({"idempotency_key": key, "status": status, "message": "no such person"}));
            continue;
        }
        let status = if state.taken.contains_key(key) { 200 } else { 201 };
        answers.push(json!({"idempotency_key": key, "status": status}));
        let record = CrmRecord { headers: batch.headers.clone(), body: record.to_string() };
        state.taken.entry(key.to_owned()).or_insert(record);
    }
    let text = Value::Array(answers).to_string();
    if state.answers_each {
        Some(Said { status: 207, more: String::new(), text })
    } else {
        Said::plain(201, String::new())
    }
}
