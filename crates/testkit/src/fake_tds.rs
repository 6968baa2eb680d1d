use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, anyhow, ensure};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::line::Line;

// Packets and tokens of the protocol (MS-TDS 2.2.3.1.1, 2.2.7).
const ANSWER: u8 = 4;
const LOGIN: u8 = 16;
const PRELOGIN: u8 = 18;
const COLUMNS: u8 = 0x81;
const ERROR: u8 = 0xaa;
const LOGIN_ACK: u8 = 0xad;
const ROW: u8 = 0xd1;
const DONE: u8 = 0xfd;
const DONE_PROC: u8 = 0xfe;
/// Ends of the prelogin's list, and of a packet's header.
const HEADER_BYTES: usize = 8;
const PACKET_BYTES: usize = 4096;

/// How a server meets who connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TdsMood {
    /// It knows no encryption, and waits for a login in clear.
    #[default]
    Plain,
    /// It wants all encrypted, by TLS 1.2 with its certificate.
    Encrypted,
    /// It wants all encrypted, and refuses every TLS that the client knows.
    OldTls,
    /// It wants all encrypted, and answers what is no TLS.
    Garbage,
    /// It never says anything.
    Silent,
    /// It hangs up once it has heard the login.
    HangsUp,
    /// It refuses the login with this error.
    Refuses(u32, &'static str),
}

/// What a server answers to a query for rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TdsAnswer {
    /// These rows.
    Rows(Vec<Vec<Option<String>>>),
    /// These rows, and then the line breaks within the answer.
    Breaks(Vec<Vec<Option<String>>>),
    /// These rows, and then nothing more.
    Stalls(Vec<Vec<Option<String>>>),
    /// An error.
    Error(u32, &'static str),
}

/// A server on loopback that speaks as much of the protocol of Microsoft SQL Server as a reader of tables needs. The first column is a
/// number, the others are texts. Queries for rows get its answers one by one, and no row when there are no more; a look at rights
/// gets what was set.
pub struct FakeTds {
    address: SocketAddr,
    certificate: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    mood: TdsMood,
    answers: Vec<TdsAnswer>,
    rights: Vec<&'static str>,
    /// Connections that were taken.
    calls: usize,
    /// Connections that are never answered.
    silent: Vec<TcpStream>,
}

impl FakeTds {
    /// A server in clear without rows, whose certificate names `localhost`.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn start() -> Result<Self> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).map_err(|why| anyhow!("no key: {why}"))?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            // As servers of these tables do it: nothing follows a handshake.
            .with_protocol_versions(&[&rustls::version::TLS12])?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        let socket = TcpListener::bind("127.0.0.1:0").context("a server listens")?;
        let address = socket.local_addr()?;
        let (state, config) = (Arc::<Mutex<State>>::default(), Arc::new(config));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (state, config) = (shared.clone(), config.clone());
                // A line that breaks is what clients have to live with.
                std::thread::spawn(move || drop(meet(&state, &config, stream)));
            }
        });
        Ok(Self { address, certificate: cert.pem(), state })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificate, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// How it meets who connects from now on.
    pub fn is(&self, mood: TdsMood) {
        locked(&self.state).mood = mood;
    }

    /// What it answers to the next queries for rows.
    pub fn answers(&self, answers: impl IntoIterator<Item = TdsAnswer>) {
        locked(&self.state).answers = answers.into_iter().collect();
    }

    /// What a login may do beside reading: `INSERT`, `UPDATE`, `DELETE`.
    pub fn grants(&self, rights: &[&'static str]) {
        locked(&self.state).rights = rights.to_vec();
    }

    /// How often somebody connected.
    #[must_use]
    pub fn calls(&self) -> usize {
        locked(&self.state).calls
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From the first word of a client to its last query.
fn meet(state: &Mutex<State>, config: &Arc<ServerConfig>, mut stream: TcpStream) -> Result<()> {
    let mood = {
        let mut state = locked(state);
        state.calls += 1;
        state.mood
    };
    if mood == TdsMood::Silent {
        locked(state).silent.push(stream);
        return Ok(());
    }
    heard(&mut stream)?.context("a prelogin")?;
    let is_encrypted = matches!(mood, TdsMood::Encrypted | TdsMood::OldTls | TdsMood::Garbage);
    say(&mut stream, ANSWER, &prelogin(is_encrypted))?;
    let mut line: Box<dyn Line> = match mood {
        TdsMood::Encrypted => Box::new(encrypted(stream, config)?),
        TdsMood::OldTls | TdsMood::Garbage => {
            heard(&mut stream)?;
            // An alert: fatal, the version of the protocol.
            let alert: &[u8] = &[21, 3, 1, 0, 2, 2, 70];
            let said = if mood == TdsMood::OldTls { alert } else { b"what is this, then?" };
            say(&mut stream, PRELOGIN, said)?;
            Box::new(stream)
        }
        _ => Box::new(stream),
    };
    // Who tries TLS with a server that knows none waits for ever: what comes is no login.
    while let Some((kind, _)) = heard(&mut line)? {
        match (kind, mood) {
            (LOGIN, TdsMood::HangsUp) => return Ok(()),
            (LOGIN, TdsMood::Refuses(code, says)) => {
                say(&mut line, ANSWER, &[error(code, says), done(DONE, 2)].concat())?;
            }
            (LOGIN, _) => {
                say(&mut line, ANSWER, &[login_ack(), done(DONE, 0)].concat())?;
                return serve(state, &mut line);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Answers queries until the client leaves.
fn serve(state: &Mutex<State>, line: &mut dyn Line) -> Result<()> {
    while let Some((_, query)) = heard(line)? {
        let asked = utf16("HAS_PERMS_BY_NAME");
        if query.windows(asked.len()).any(|part| part == asked) {
            let rights = locked(state).rights.clone();
            let names = ["INSERT", "UPDATE", "DELETE"];
            let may = names.map(|name| rights.contains(&name).then(|| "1".to_owned()).or(Some("0".to_owned())));
            say(line, ANSWER, &[columns(&names, &[true; 3]), row(&may, &[true; 3]), done(DONE_PROC, 0)].concat())?;
            continue;
        }
        let answer = {
            let answers = &mut locked(state).answers;
            if answers.is_empty() { TdsAnswer::Rows(Vec::new()) } else { answers.remove(0) }
        };
        match answer {
            TdsAnswer::Rows(rows) => say(line, ANSWER, &[table(&rows), done(DONE_PROC, 0)].concat())?,
            TdsAnswer::Error(code, says) => say(line, ANSWER, &[error(code, says), done(DONE_PROC, 2)].concat())?,
            TdsAnswer::Breaks(rows) => return say_half(line, &table(&rows)),
            TdsAnswer::Stalls(rows) => {
                say_half(line, &table(&rows))?;
                heard(line)?;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The next message of a client with its kind; `None` once it left.
fn heard(line: &mut (impl Read + ?Sized)) -> Result<Option<(u8, Vec<u8>)>> {
    let mut message = Vec::new();
    loop {
        let mut header = [0; HEADER_BYTES];
        match line.read_exact(&mut header) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let [kind, status, high, low, ..] = header;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let start = message.len();
        message.resize(start + length.checked_sub(HEADER_BYTES).context("a length")?, 0);
        line.read_exact(message.get_mut(start..).unwrap_or_default())?;
        if status & 1 == 1 {
            return Ok(Some((kind, message)));
        }
    }
}

/// Says a message, in as many packets as it takes.
fn say(line: &mut (impl Write + ?Sized), kind: u8, message: &[u8]) -> Result<()> {
    let mut parts = message.chunks(PACKET_BYTES - HEADER_BYTES).peekable();
    while let Some(part) = parts.next() {
        packet(line, kind, u8::from(parts.peek().is_none()), part)?;
    }
    Ok(line.flush()?)
}

/// Says a message as if more came.
fn say_half(line: &mut (impl Write + ?Sized), message: &[u8]) -> Result<()> {
    packet(line, ANSWER, 0, message)?;
    Ok(line.flush()?)
}

fn packet(line: &mut (impl Write + ?Sized), kind: u8, status: u8, part: &[u8]) -> Result<()> {
    let [high, low] = u16::try_from(part.len() + HEADER_BYTES)?.to_be_bytes();
    line.write_all(&[&[kind, status, high, low, 0, 0, 1, 0], part].concat())?;
    Ok(())
}

/// The handshake of TLS, whose records lie in packets of the prelogin.
fn encrypted(mut stream: TcpStream, config: &Arc<ServerConfig>) -> Result<StreamOwned<ServerConnection, TcpStream>> {
    let mut connection = ServerConnection::new(config.clone())?;
    while connection.is_handshaking() {
        let (_, records) = heard(&mut stream)?.context("a handshake")?;
        let mut records = records.as_slice();
        while !records.is_empty() {
            ensure!(connection.read_tls(&mut records)? > 0, "the handshake ends");
            connection.process_new_packets()?;
        }
        let mut answer = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut answer)?;
        }
        if !answer.is_empty() {
            say(&mut stream, PRELOGIN, &answer)?;
        }
    }
    Ok(StreamOwned::new(connection, stream))
}

/// Version 16, and whether all is to be encrypted or nothing can be.
fn prelogin(is_encrypted: bool) -> Vec<u8> {
    let encryption = if is_encrypted { 1 } else { 2 };
    vec![0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, encryption]
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A text behind its length in one byte.
fn short(text: &str) -> Vec<u8> {
    let units = u8::try_from(text.encode_utf16().count()).unwrap_or_default();
    [vec![units], utf16(text)].concat()
}

/// A text behind its length in two bytes.
fn long(text: &str) -> Vec<u8> {
    let units = u16::try_from(text.encode_utf16().count()).unwrap_or_default();
    [units.to_le_bytes().to_vec(), utf16(text)].concat()
}

/// A token that says how long it is.
fn token(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or_default().to_le_bytes();
    [&[kind], length.as_slice(), body].concat()
}

fn login_ack() -> Vec<u8> {
    token(LOGIN_ACK, &[vec![1, 0x74, 0, 0, 4], short("Fake"), vec![16, 0, 0, 0]].concat())
}

fn error(code: u32, says: &str) -> Vec<u8> {
    let (code, line) = (code.to_le_bytes().to_vec(), 1_u32.to_le_bytes().to_vec());
    token(ERROR, &[code, vec![1, 14], long(says), short("fake"), short(""), line].concat())
}

fn done(kind: u8, status: u16) -> Vec<u8> {
    [vec![kind], status.to_le_bytes().to_vec(), vec![0; 10]].concat()
}

/// Rows behind what their columns are.
fn table(rows: &[Vec<Option<String>>]) -> Vec<u8> {
    let width = rows.first().map_or(1, Vec::len);
    let is_number: Vec<bool> = (0..width).map(|place| place == 0).collect();
    let mut table = columns(&vec!["c"; width], &is_number);
    rows.iter().for_each(|cells| table.extend(row(cells, &is_number)));
    table
}

fn columns(names: &[&str], is_number: &[bool]) -> Vec<u8> {
    let mut token = vec![COLUMNS];
    token.extend(u16::try_from(names.len()).unwrap_or_default().to_le_bytes());
    for (name, is_number) in names.iter().zip(is_number) {
        // No user's type; may be NULL; a bigint, or a text of up to 4000 letters with its collation.
        token.extend([0, 0, 0, 0, 1, 0]);
        token.extend(if *is_number { vec![0x26, 8] } else { vec![0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34] });
        token.extend(short(name));
    }
    token
}

fn row(cells: &[Option<String>], is_number: &[bool]) -> Vec<u8> {
    let mut token = vec![ROW];
    for (cell, is_number) in cells.iter().zip(is_number) {
        match (cell, is_number) {
            (None, true) => token.push(0),
            (None, false) => token.extend([0xff, 0xff]),
            (Some(number), true) => {
                token.push(8);
                token.extend(number.parse::<i64>().unwrap_or_default().to_le_bytes());
            }
            (Some(text), false) => {
                let text = utf16(text);
                token.extend(u16::try_from(text.len()).unwrap_or_default().to_le_bytes());
                token.extend(text);
            }
        }
    }
    token
}
