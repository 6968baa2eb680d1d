//! One kept HTTP/1.1 connection, written by hand so that the load costs little beside what it measures.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection on which one request at a time is asked.
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    buffer: Vec<u8>,
}

/// An answer that is there in full.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("could not connect to the server under load")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address, buffer: Vec::new() })
    }

    /// Sends a request whose head ends before its `Host` and `Content-Length`, and waits for the answer.
    pub(crate) async fn ask(&mut self, head: &str, body: &[u8]) -> Result<Answer<'_>> {
        let mut request =
            format!("{head}Host: {}\r\nContent-Length: {}\r\n\r\n", self.address, body.len()).into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request).await?;
        self.buffer.clear();
        let (status, head_bytes) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection before it answered");
            }
            if let Some(complete) = complete_answer(&self.buffer)? {
                break complete;
            }
        };
        Ok(Answer { status, body: &self.buffer[head_bytes..] })
    }
}

/// The status and where the body begins, once head and body are there.
fn complete_answer(bytes: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).context("the answer's head is no text")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("the answer has no status")?;
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse().ok())
        .context("the answer has no length")?;
    Ok((bytes.len() >= end + 4 + length).then_some((status, end + 4)))
}

#[cfg(test)]
mod tests {
    use super::complete_answer;

    #[test]
    fn an_answer_counts_when_its_body_is_there() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nOK: 1";
        assert_eq!(complete_answer(answer).unwrap(), Some((200, 38)));
        assert_eq!(complete_answer(&answer[..answer.len() - 1]).unwrap(), None);
        assert_eq!(complete_answer(&answer[..20]).unwrap(), None);
        assert!(complete_answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
