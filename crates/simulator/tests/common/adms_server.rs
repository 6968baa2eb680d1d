//! A little ADMS server that keeps what it is sent, as it was sent.

use std::sync::{Arc, Mutex};

use adms::handshake::{TransFlag, Transfer};
use adms::security::Settings;
use adms::{Call, HandshakeReply, Method, Request, Table};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrival {
    /// Which connection it came on, from 1.
    pub(crate) connection: usize,
    /// Method, path and query, version.
    pub(crate) line: String,
    /// The other lines of the head.
    pub(crate) head: Vec<String>,
    /// The body, chunks joined.
    pub(crate) body: Vec<u8>,
    /// The line ended before the body did.
    pub(crate) is_cut: bool,
}

impl Arrival {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn has_header(&self, header: &str) -> bool {
        self.head.iter().any(|line| line.eq_ignore_ascii_case(header))
    }

    pub(crate) fn is_of(&self, table: &str) -> bool {
        self.line.contains(&format!("table={table}"))
    }
}

/// Everything that arrived, and how to answer.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Everything, in the order of its end.
    pub(crate) arrivals: Vec<Arrival>,
    /// Bodies of ATTLOG uploads that were answered with 200, and of those that were refused.
    pub(crate) uploads: Vec<String>,
    pub(crate) refused: Vec<String>,
    /// User lines and operation lines.
    pub(crate) users: Vec<String>,
    pub(crate) operations: Vec<String>,
    /// Results of commands.
    pub(crate) results: Vec<String>,
    /// Values of INFO.
    pub(crate) infos: Vec<String>,
    pub(crate) handshakes: usize,
    /// How many ATTLOG uploads are refused with 503 before any is taken.
    pub(crate) refusals: usize,
    /// Commands for the next poll.
    pub(crate) commands: String,
    /// Asks for everything again in the next handshake.
    pub(crate) wants_everything: bool,
    /// Besides punches, operations and users.
    pub(crate) wants: Vec<Transfer>,
    /// More lines of the settings block.
    pub(crate) settings: &'static str,
    /// What the `Date` header says.
    pub(crate) date: Option<&'static str>,
    /// Access terminals that were registered.
    pub(crate) registrations: usize,
    /// A server that never registers them.
    pub(crate) registers_nobody: bool,
    /// So far.
    pub(crate) connections: usize,
}

impl Seen {
    /// All punches taken, line by line.
    pub(crate) fn punches(&self) -> Vec<String> {
        self.uploads.iter().flat_map(|body| body.lines().map(str::to_owned)).collect()
    }

    /// What arrived for a table.
    pub(crate) fn of(&self, table: &str) -> Vec<&Arrival> {
        self.arrivals.iter().filter(|arrival| arrival.is_of(table)).collect()
    }

    fn block(&mut self, serial: &str) -> String {
        let mut transfers = vec![Transfer::AttLog, Transfer::OpLog, Transfer::EnrollUser, Transfer::ChgUser];
        transfers.extend(&self.wants);
        let block = HandshakeReply { trans_flag: TransFlag::Names(transfers), ..HandshakeReply::new(serial) };
        let is_again = std::mem::take(&mut self.wants_everything);
        let block = if is_again { block.sending_everything_again() } else { block };
        format!("{block}\n{}", self.settings)
    }
}

pub(crate) struct AdmsServer {
    pub(crate) url: String,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl AdmsServer {
    pub(crate) async fn start(seen: Seen) -> AdmsServer {
        AdmsServer::start_at("127.0.0.1:0", seen).await
    }

    pub(crate) async fn start_at(address: &str, seen: Seen) -> AdmsServer {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound listener"));
        let seen = Arc::new(Mutex::new(seen));
        let state = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(BufReader::new(stream), state.clone()));
            }
        });
        AdmsServer { url, seen }
    }

    pub(crate) fn look<T>(&self, at: impl FnOnce(&mut Seen) -> T) -> T {
        at(&mut self.seen.lock().expect("no panic while it was held"))
    }
}

async fn serve(mut stream: BufReader<TcpStream>, seen: Arc<Mutex<Seen>>) -> std::io::Result<()> {
    let connection = {
        let mut seen = seen.lock().expect("no panic while it was held");
        seen.connections += 1;
        seen.connections
    };
    while let Some(mut arrival) = head(&mut stream).await? {
        arrival.connection = connection;
        arrival.is_cut = body(&mut stream, &mut arrival).await.is_err();
        let is_cut = arrival.is_cut;
        let reply = {
            let mut seen = seen.lock().expect("no panic while it was held");
            let (status, text) = if is_cut { (400, String::new()) } else { answer(&mut seen, &arrival) };
            seen.arrivals.push(arrival);
            let date = seen.date.map(|date| format!("Date: {date}\r\n")).unwrap_or_default();
            format!("HTTP/1.1 {status} X\r\n{date}Content-Length: {}\r\n\r\n{text}", text.len())
        };
        if is_cut {
            return Ok(());
        }
        stream.write_all(reply.as_bytes()).await?;
    }
    Ok(())
}

async fn head(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Arrival>> {
    let mut arrival = Arrival::default();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        match (line.is_empty(), arrival.line.is_empty()) {
            (true, _) => return Ok(Some(arrival)),
            (false, true) => line.clone_into(&mut arrival.line),
            (false, false) => arrival.head.push(line.to_owned()),
        }
    }
}

async fn body(stream: &mut BufReader<TcpStream>, arrival: &mut Arrival) -> std::io::Result<()> {
    if !arrival.has_header("Transfer-Encoding: chunked") {
        let length = arrival.head.iter().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
        return take(stream, length.unwrap_or(0), &mut arrival.body).await;
    }
    loop {
        let mut size = String::new();
        stream.read_line(&mut size).await?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
        take(stream, size, &mut arrival.body).await?;
        stream.read_line(&mut String::new()).await?;
        if size == 0 {
            return Ok(());
        }
    }
}

async fn take(stream: &mut BufReader<TcpStream>, length: usize, body: &mut Vec<u8>) -> std::io::Result<()> {
    let count = stream.take(length as u64).read_to_end(body).await?;
    if count == length { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

fn answer(seen: &mut Seen, arrival: &Arrival) -> (u16, String) {
    let (method, rest) = arrival.line.split_once(' ').expect("a method");
    let method = if method == "GET" { Method::Get } else { Method::Post };
    // The target may hold blanks of its own.
    let (target, _version) = rest.rsplit_once(' ').expect("a version");
    let (path, query) = target.split_once('?').expect("a path with a query");
    let request = Request::read(method, path, query);
    let Some(serial) = request.serial else { return (400, "no serial".to_owned()) };
    let ok = || (200, "OK".to_owned());
    match request.call {
        Call::Handshake(handshake) => {
            seen.handshakes += 1;
            match handshake.dialect() {
                adms::Dialect::Attendance => (200, seen.block(&serial)),
                adms::Dialect::Security => ok(),
            }
        }
        Call::Registry if seen.registers_nobody => ok(),
        Call::Registry => {
            seen.registrations += 1;
            (200, adms::security::registry_code("Uy47fxftP3").expect("a code"))
        }
        Call::Push => (200, Settings::new("30BFB04B2C8AECC72C01C03BFD549D15").push_block()),
        Call::RtData => (200, "DateTime=864123120,ServerTZ=+0800".to_owned()),
        Call::Upload(upload) if matches!(upload.table, Table::AttLog | Table::RtLog) => {
            if seen.refusals > 0 {
                seen.refusals -= 1;
                seen.refused.push(arrival.text());
                return (503, "later".to_owned());
            }
            let count = arrival.text().lines().count();
            seen.uploads.push(arrival.text());
            (200, adms::reply::ok_count(count))
        }
        Call::Upload(upload) => {
            if upload.table == Table::OperLog {
                for line in arrival.text().lines() {
                    let lines = if line.starts_with("USER ") { &mut seen.users } else { &mut seen.operations };
                    lines.push(line.to_owned());
                }
            }
            (200, adms::reply::ok_count(arrival.text().lines().count()))
        }
        Call::GetRequest { info } => {
            seen.infos.extend(info.map(|info| info.into_owned()));
            let commands = std::mem::take(&mut seen.commands);
            (200, if commands.is_empty() { "OK".to_owned() } else { commands })
        }
        Call::DeviceCmd => {
            seen.results.push(arrival.text());
            ok()
        }
        _ => ok(),
    }
}
