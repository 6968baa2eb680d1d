use std::collections::{BTreeMap, VecDeque};
use std::io::{BufReader, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;

use crate::http::Request;
use crate::line::{self, Identity, Line};

/// What a receiver of files does with the next one instead of taking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboxFault {
    /// Answers with this status.
    Status(u16),
    /// Takes the file, and the line is gone before the answer.
    LosesReply,
    /// Answers 302 with this address.
    Moved(String),
}

/// A request that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRequest {
    /// `PUT` or `POST`.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// A receiver of files on loopback: it wants a token, and takes what comes by PUT under its path and what comes by POST under its
/// idempotency key.
pub struct FakeInbox {
    base: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    token: String,
    faults: VecDeque<InboxFault>,
    repeats: bool,
    requests: Vec<InboxRequest>,
    files: BTreeMap<String, String>,
}

impl FakeInbox {
    /// A receiver that wants a token.
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
        let state = Arc::new(Mutex::new(State { token: token.to_owned(), ..State::default() }));
        let shared = state.clone();
        let base = line::listen(identity, move |line| serve(&shared, line))?;
        Ok(Self { base, state })
    }

    /// Where files go.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/in/", self.base)
    }

    /// What it does with the next files, one after another, before it takes files again.
    pub fn will(&self, faults: impl IntoIterator<Item = InboxFault>) {
        locked(&self.state).faults = faults.into_iter().collect();
    }

    /// Says in each answer what it was shown: the token, and the address that was asked.
    pub fn repeat(&self) {
        locked(&self.state).repeats = true;
    }

    /// Wants another token from now on.
    pub fn want(&self, token: &str) {
        token.clone_into(&mut locked(&self.state).token);
    }

    /// Every request that came, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<InboxRequest> {
        locked(&self.state).requests.clone()
    }

    /// What it has, by path or key.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, String> {
        locked(&self.state).files.clone()
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of a connection.
fn serve(state: &Mutex<State>, line: Box<dyn Line>) -> Result<()> {
    let mut reader = BufReader::new(line);
    while let Some(request) = Request::read(&mut reader)? {
        let shown = request.in_words();
        let Request { method, path, headers, body } = request;
        let Some((status, more)) = answer(&mut locked(state), InboxRequest { method, path, headers, body }) else {
            return Ok(());
        };
        let text = match status {
            _ if locked(state).repeats => shown.as_str(),
            201 => "run  42",
            _ => "",
        };
        let length = text.len();
        let answer = format!("HTTP/1.1 {status} Fake\r\n{more}Content-Length: {length}\r\n\r\n{text}");
        reader.get_mut().write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// Status and further headers; `None` for a line that ends.
fn answer(state: &mut State, request: InboxRequest) -> Option<(u16, String)> {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let is_known = header("authorization") == format!("Bearer {}", state.token);
    let name = if request.method == "PUT" { request.path.clone() } else { header("idempotency-key") };
    let body = request.body.clone();
    state.requests.push(request);
    if !is_known {
        return Some((401, String::new()));
    }
    match state.faults.pop_front() {
        Some(InboxFault::Status(status)) => return Some((status, String::new())),
        Some(InboxFault::Moved(to)) => return Some((302, format!("Location: {to}\r\n"))),
        Some(InboxFault::LosesReply) => {
            state.files.insert(name, body);
            return None;
        }
        None => {}
    }
    let is_new = state.files.insert(name, body).is_none();
    Some((if is_new { 201 } else { 200 }, String::new()))
}
