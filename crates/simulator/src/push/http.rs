//! The little HTTP/1.1 that terminals speak (adms 2): one request at a time, plain text, answers with a length, in chunks, or
//! ended by the connection's end.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::style::Style;

/// A server that does not answer in this time has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a body that leave together, when it is slow or in chunks.
const PIECE_BYTES: usize = 512;
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
    /// The server does not register this access terminal (adms 9).
    #[error("the server did not register the terminal")]
    NotRegistered,
    /// The request or its answer was lost on the way, by order.
    #[error("the line ended by order")]
    Lost,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: u16,
    body: String,
    /// What the server's clock says.
    date: Option<Timestamp>,
}

impl Reply {
    /// A 200.
    pub(super) fn accepted(self) -> Result<Accepted, HttpError> {
        if self.status == 200 {
            Ok(Accepted { body: self.body, date: self.date })
        } else {
            Err(HttpError::Status(self.status))
        }
    }
}

/// The answer of a server that took what it was sent.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) body: String,
    pub(super) date: Option<Timestamp>,
}

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    pub(super) target: &'a str,
    /// Of a POST.
    pub(super) body: Option<&'a [u8]>,
    /// The line ends in the middle of the body.
    pub(super) is_cut: bool,
}

/// A connection that is opened when needed and kept as long as the server keeps it.
#[derive(Debug)]
pub(super) struct Connection {
    server: ServerUrl,
    style: Style,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(super) fn new(server: ServerUrl, style: Style) -> Connection {
        Connection { server, style, stream: None }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    pub(super) fn close(&mut self) {
        self.stream = None;
    }

    pub(super) async fn get(&mut self, target: &str) -> Result<Reply, HttpError> {
        self.exchange(&Request { target, body: None, is_cut: false }).await
    }

    pub(super) async fn exchange(&mut self, request: &Request<'_>) -> Result<Reply, HttpError> {
        let outcome = match timeout(PATIENCE, self.try_exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(HttpError::TimedOut),
        };
        if outcome.is_err() {
            self.close();
        }
        outcome
    }

    async fn try_exchange(&mut self, request: &Request<'_>) -> Result<Reply, HttpError> {
        if let Some(stream) = self.stream.take() {
            // The server may have closed a kept connection meanwhile; that is no failure yet.
            match self.exchange_on(stream, request).await {
                Err(error) if !matches!(error, HttpError::Lost) => {}
                outcome => return outcome,
            }
        }
        let stream = TcpStream::connect((self.server.host.as_str(), self.server.port)).await?;
        stream.set_nodelay(true)?;
        self.exchange_on(BufReader::new(stream), request).await
    }

    async fn exchange_on(
        &mut self,
        mut stream: BufReader<TcpStream>,
        request: &Request<'_>,
    ) -> Result<Reply, HttpError> {
        self.write(&mut stream, request).await?;
        if request.is_cut {
            return Err(HttpError::Lost);
        }
        let head = Head::read(&mut stream).await?;
        let body = head.read_body(&mut stream).await?;
        if !head.closes && self.style.connection == "keep-alive" {
            self.stream = Some(stream);
        }
        Ok(Reply { status: head.status, body: String::from_utf8_lossy(&body).into_owned(), date: head.date })
    }

    async fn write(&self, stream: &mut BufReader<TcpStream>, request: &Request<'_>) -> io::Result<()> {
        let Some(body) = request.body else {
            let head = self.head("GET", request.target, "");
            return stream.write_all(head.as_bytes()).await;
        };
        let Style { content_type, is_chunked, bytes_per_second, .. } = &self.style;
        let length = match is_chunked {
            true => "Transfer-Encoding: chunked".to_owned(),
            false => format!("Content-Length: {}", body.len()),
        };
        let head = self.head("POST", request.target, &format!("Content-Type: {content_type}\r\n{length}\r\n"));
        let sent = if request.is_cut { body.get(..body.len() / 2).unwrap_or_default() } else { body };
        if bytes_per_second.is_none() && !is_chunked {
            // Small requests leave in one piece, as from terminals.
            return stream.write_all(&[head.as_bytes(), sent].concat()).await;
        }
        stream.write_all(head.as_bytes()).await?;
        for piece in sent.chunks(PIECE_BYTES) {
            if let Some(rate) = bytes_per_second {
                sleep(Duration::from_secs_f64(piece.len() as f64 / f64::from((*rate).max(1)))).await;
            }
            match is_chunked {
                true => {
                    let size = format!("{:x}\r\n", piece.len());
                    stream.write_all(&[size.as_bytes(), piece, b"\r\n"].concat()).await?;
                }
                false => stream.write_all(piece).await?,
            }
        }
        if *is_chunked && !request.is_cut {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        Ok(())
    }

    fn head(&self, method: &str, target: &str, more: &str) -> String {
        let ServerUrl { host, port, prefix } = &self.server;
        let connection = self.style.connection;
        format!(
            "{method} {prefix}{target} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: iClock Proxy/1.09\r\nAccept: */*\r\nConnection: {connection}\r\n{more}\r\n"
        )
    }
}

/// The first lines of an answer, as far as they matter.
#[derive(Debug, Default)]
struct Head {
    status: u16,
    length: Option<u64>,
    is_chunked: bool,
    closes: bool,
    date: Option<Timestamp>,
}

impl Head {
    async fn read(stream: &mut BufReader<TcpStream>) -> Result<Head, HttpError> {
        let first = line(stream).await?;
        let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        let mut head = Head { status: status.ok_or(HttpError::NotHttp(first))?, ..Head::default() };
        loop {
            let header = line(stream).await?;
            let Some((name, value)) = header.split_once(':') else { break };
            match (name.to_ascii_lowercase().as_str(), value.trim()) {
                ("content-length", length) => head.length = length.parse().ok(),
                ("transfer-encoding", coding) => head.is_chunked = coding.eq_ignore_ascii_case("chunked"),
                ("connection", option) => head.closes = option.eq_ignore_ascii_case("close"),
                ("date", date) => {
                    head.date = DateTimeParser::new().parse_zoned(date).ok().map(|zoned| zoned.timestamp());
                }
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
}
