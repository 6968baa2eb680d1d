//! The little HTTP/1.1 that terminals speak (adms 2): one request at a time, plain text, answers with a length, in chunks, or
//! ended by the connection's end.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that does not answer in this time has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer that is believed.
const MAX_REPLY_BYTES: u64 = 4 << 20;

/// `http://host[:port][/prefix]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    host: String,
    port: u16,
    prefix: String,
}

/// The text is no address of a server.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is no server address; write http://HOST:PORT (simulated terminals speak plain HTTP)")]
pub struct BadUrl(String);

/// Why a request came to nothing; the terminal keeps its data and tries again.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The network failed.
    #[error("the server could not be reached: {0}")]
    Io(#[from] io::Error),
    /// No answer in time.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The answer is no HTTP.
    #[error("the server's answer is no HTTP: {0}")]
    NotHttp(String),
    /// Anything but 200 (adms 2).
    #[error("the server answered {0}")]
    Status(u16),
    /// The answer was lost on the way, by order.
    #[error("the reply was lost")]
    Lost,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    /// The body of a 200.
    pub(super) fn accepted(self) -> Result<String, HttpError> {
        if self.status == 200 { Ok(self.body) } else { Err(HttpError::Status(self.status)) }
    }
}

/// A connection that is opened when needed and kept as long as the server keeps it.
#[derive(Debug)]
pub(super) struct Connection {
    server: ServerUrl,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(super) fn new(server: ServerUrl) -> Connection {
        Connection { server, stream: None }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    pub(super) fn close(&mut self) {
        self.stream = None;
    }

    pub(super) async fn get(&mut self, target: &str) -> Result<Reply, HttpError> {
        let request = self.head("GET", target, "");
        self.exchange(&request).await
    }

    pub(super) async fn post(&mut self, target: &str, body: &str) -> Result<Reply, HttpError> {
        let length = format!("Content-Type: text/plain\r\nContent-Length: {}\r\n", body.len());
        let request = self.head("POST", target, &length) + body;
        self.exchange(&request).await
    }

    fn head(&self, method: &str, target: &str, more: &str) -> String {
        let ServerUrl { host, port, prefix } = &self.server;
        format!(
            "{method} {prefix}{target} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: iClock Proxy/1.09\r\nAccept: */*\r\nConnection: keep-alive\r\n{more}\r\n"
        )
    }

    async fn exchange(&mut self, request: &str) -> Result<Reply, HttpError> {
        let outcome = match timeout(PATIENCE, self.try_exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(HttpError::TimedOut),
        };
        if outcome.is_err() {
            self.close();
        }
        outcome
    }

    async fn try_exchange(&mut self, request: &str) -> Result<Reply, HttpError> {
        if let Some(stream) = self.stream.take() {
            // The server may have closed a kept connection meanwhile; that is no failure yet.
            if let Ok(reply) = self.exchange_on(stream, request).await {
                return Ok(reply);
            }
        }
        let stream = TcpStream::connect((self.server.host.as_str(), self.server.port)).await?;
        stream.set_nodelay(true)?;
        self.exchange_on(BufReader::new(stream), request).await
    }

    async fn exchange_on(&mut self, mut stream: BufReader<TcpStream>, request: &str) -> Result<Reply, HttpError> {
        stream.write_all(request.as_bytes()).await?;
        let head = Head::read(&mut stream).await?;
        let body = head.read_body(&mut stream).await?;
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok(Reply { status: head.status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// The first lines of an answer, as far as they matter.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    length: Option<u64>,
    is_chunked: bool,
    closes: bool,
}

impl Head {
    async fn read(stream: &mut BufReader<TcpStream>) -> Result<Head, HttpError> {
        let first = line(stream).await?;
        let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let mut head = Head { status: status.ok_or(HttpError::NotHttp(first))?, ..Head::default() };
        loop {
            let header = line(stream).await?.to_ascii_lowercase();
            let Some((name, value)) = header.split_once(':') else { break };
            match (name, value.trim()) {
                ("content-length", length) => head.length = length.parse().ok(),
                ("transfer-encoding", "chunked") => head.is_chunked = true,
                ("connection", "close") => head.closes = true,
                _ => {}
            }
        }
        head.closes |= !head.is_chunked && head.length.is_none();
        Ok(head)
    }

    async fn read_body(&self, stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        if self.is_chunked {
            loop {
                let size = line(stream).await?;
                let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
                let size = size.map_err(|_| HttpError::NotHttp("a chunk without size".to_owned()))?;
                take(stream, size, &mut body).await?;
                line(stream).await?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        match self.length {
            Some(length) => take(stream, length, &mut body).await?,
            None => {
                stream.take(MAX_REPLY_BYTES).read_to_end(&mut body).await?;
            }
        }
        Ok(body)
    }
}

async fn take(stream: &mut BufReader<TcpStream>, length: u64, body: &mut Vec<u8>) -> Result<(), HttpError> {
    if length > MAX_REPLY_BYTES {
        return Err(HttpError::NotHttp(format!("an answer of {length} bytes")));
    }
    let count = stream.take(length).read_to_end(body).await?;
    if count as u64 == length { Ok(()) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Result<String, HttpError> {
    let mut line = Vec::new();
    stream.take(16 << 10).read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Percent-encodes what may not stand in a query value.
pub(super) fn escaped(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' | b':' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

impl FromStr for ServerUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<ServerUrl, BadUrl> {
        let bad = || BadUrl(text.to_owned());
        let rest = text.strip_prefix("http://").ok_or_else(bad)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // An IPv6 address has colons of its own, and brackets around them.
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| bad())?),
            None => (authority, 80),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let path = path.trim_end_matches('/');
        let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        if host.is_empty() { Err(bad()) } else { Ok(ServerUrl { host: host.to_owned(), port, prefix }) }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_address_has_host_port_and_perhaps_a_path() {
        let read = |text: &str| text.parse::<ServerUrl>().map(|url| url.to_string()).ok();
        assert_eq!(read("http://127.0.0.1:8081").as_deref(), Some("http://127.0.0.1:8081"));
        assert_eq!(read("http://hub.example/branch/").as_deref(), Some("http://hub.example:80/branch"));
        assert_eq!(read("https://hub.example"), None);
        assert_eq!(read("http://:80"), None);
        assert_eq!(read("http://host:port"), None);
    }

    #[test]
    fn blanks_and_separators_are_escaped_in_queries() {
        assert_eq!(escaped("Ver 6.60,5,3"), "Ver%206.60,5,3");
        assert_eq!(escaped("A&B=C"), "A%26B%3DC");
    }
}
