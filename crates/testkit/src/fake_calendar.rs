use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};

/// What a calendar does when it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CalendarMood {
    /// Tells what it has; to somebody who has it already, that there is nothing new.
    #[default]
    Well,
    /// Answers with this status.
    Status(u16),
    /// Never answers.
    Silent,
    /// Answers 200 with this body, whatever was asked.
    Says(String),
}

/// A calendar of public holidays on loopback: `/YEAR` answers what it was given for the year, with an entity tag.
pub struct FakeCalendar {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    mood: CalendarMood,
    pages: BTreeMap<String, String>,
    /// Path and status of each answer.
    answers: Vec<(String, u16)>,
    /// Connections that are never answered.
    silent: Vec<TcpStream>,
}

impl FakeCalendar {
    /// A calendar without a year.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn start() -> Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").context("a calendar listens")?;
        let address = socket.local_addr()?;
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                // A line that breaks is what clients have to live with.
                drop(serve(&shared, stream));
            }
        });
        Ok(Self { address, state })
    }

    /// Its address; `{year}` is to be filled in.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/{{year}}", self.address)
    }

    /// Has this for a year from now on.
    pub fn put(&self, year: i16, body: &str) {
        locked(&self.state).pages.insert(format!("/{year}"), body.to_owned());
    }

    /// What it does from now on.
    pub fn is(&self, mood: CalendarMood) {
        locked(&self.state).mood = mood;
    }

    /// Path and status of each answer since this was asked last.
    #[must_use]
    pub fn answers(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut locked(&self.state).answers)
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request, and ends the connection.
fn serve(state: &Mutex<State>, stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split_whitespace().nth(1).context("a path")?.to_owned();
    let mut known = None;
    loop {
        line.clear();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("if-none-match")
        {
            known = Some(value.trim().to_owned());
        }
    }
    let mut stream = reader.into_inner();
    let mut state = locked(state);
    let (status, tag, body) = match &state.mood {
        CalendarMood::Silent => {
            state.silent.push(stream);
            return Ok(());
        }
        CalendarMood::Status(status) => (*status, None, String::new()),
        CalendarMood::Says(body) => (200, None, body.clone()),
        CalendarMood::Well => match state.pages.get(&path) {
            None => (404, None, String::new()),
            // As good as a digest for what tests put here.
            Some(body) => match format!("\"{}-{}\"", body.len(), body.bytes().map(u64::from).sum::<u64>()) {
                tag if Some(&tag) == known.as_ref() => (304, Some(tag), String::new()),
                tag => (200, Some(tag), body.clone()),
            },
        },
    };
    state.answers.push((path, status));
    let tag = tag.map_or_else(String::new, |tag| format!("ETag: {tag}\r\n"));
    write!(stream, "HTTP/1.1 {status} Fake\r\n{tag}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())?;
    Ok(())
}
