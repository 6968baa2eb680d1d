//! A little ADMS server that keeps what it is sent.

use std::sync::{Arc, Mutex};

use adms::{Call, HandshakeReply, Method, Request, Table};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Everything that arrived, and how to answer.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Bodies of ATTLOG uploads that were answered with 200, and of those that were refused.
    pub(crate) uploads: Vec<String>,
    pub(crate) refused: Vec<String>,
    /// User lines.
    pub(crate) users: Vec<String>,
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
}

impl Seen {
    /// All punches taken, line by line.
    pub(crate) fn punches(&self) -> Vec<String> {
        self.uploads.iter().flat_map(|body| body.lines().map(str::to_owned)).collect()
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
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let length = head.iter().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let body = String::from_utf8(body).expect("the simulator sends text");
        let (status, reply) = answer(&mut seen.lock().expect("no panic while it was held"), &head[0], body);
        let reply = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{reply}", reply.len());
        stream.write_all(reply.as_bytes()).await?;
    }
}

fn answer(seen: &mut Seen, request_line: &str, body: String) -> (u16, String) {
    let mut words = request_line.split(' ');
    let method = if words.next() == Some("GET") { Method::Get } else { Method::Post };
    let (path, query) = words.next().and_then(|target| target.split_once('?')).expect("a path with a query");
    let request = Request::read(method, path, query);
    assert_eq!(request.serial.as_deref(), Some("SIM0001"));
    match request.call {
        Call::Handshake(_) => {
            seen.handshakes += 1;
            let block = HandshakeReply::new("SIM0001");
            let block =
                if std::mem::take(&mut seen.wants_everything) { block.sending_everything_again() } else { block };
            (200, block.to_string())
        }
        Call::Upload(upload) if upload.table == Table::AttLog => {
            if seen.refusals > 0 {
                seen.refusals -= 1;
                seen.refused.push(body);
                return (503, "later".to_owned());
            }
            let count = body.lines().count();
            seen.uploads.push(body);
            (200, adms::reply::ok_count(count))
        }
        Call::Upload(upload) => {
            if upload.table == Table::OperLog {
                seen.users.extend(body.lines().map(str::to_owned));
            }
            (200, adms::reply::ok_count(body.lines().count()))
        }
        Call::GetRequest { info } => {
            seen.infos.extend(info.map(|info| info.into_owned()));
            let commands = std::mem::take(&mut seen.commands);
            (200, if commands.is_empty() { "OK".to_owned() } else { commands })
        }
        Call::DeviceCmd => {
            seen.results.push(body);
            (200, "OK".to_owned())
        }
        other => panic!("the simulator asked for {other:?}"),
    }
}
