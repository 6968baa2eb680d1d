//! Tables as CSV files, and files that were kept, streamed: they are written on a blocking thread while the browser reads, so that a
//! download of any length needs little memory.
//!
//! Invariant: what is written of a table comes from one snapshot of the store, which is let go of when the reader stands still for
//! [`PATIENCE`]. A snapshot that is held keeps the database from tidying up; a kept file holds none.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use hub::Hub;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::app::App;

/// Bytes gathered before they are sent.
const CHUNK_BYTES: usize = 32 * 1024;
/// A reader who takes nothing for as long has gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// The response that downloads what `write` writes. An error while writing breaks the download off, so that nobody takes
/// half a file for a whole one.
pub(crate) fn csv<F>(app: &App, name: &str, write: F) -> Response
where
    F: FnOnce(&Hub, &mut dyn Write) -> Result<(), hub::Error> + Send + 'static,
{
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned());
    let disposition = (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\""));
    ([kind, disposition], streamed(app, write)).into_response()
}

/// What `write` writes, as the body of a response.
pub(crate) fn streamed<F>(app: &App, write: F) -> Body
where
    F: FnOnce(&Hub, &mut dyn Write) -> Result<(), hub::Error> + Send + 'static,
{
    let (chunks, rows) = mpsc::channel::<io::Result<Bytes>>(4);
    let app = app.clone();
    tokio::spawn(async move {
        let broken = chunks.clone();
        let written = app.ask(move |hub| {
            let mut out = Chunks { chunks, gathered: Vec::new() };
            write(hub, &mut out)?;
            // A reader who has gone does not need the rest.
            let _ = out.flush();
            Ok(())
        });
        if let Err(failure) = written.await {
            let _ = broken.send(Err(io::Error::other(failure.what))).await;
        }
    });
    Body::from_stream(stream::unfold(rows, |mut rows| async move { rows.recv().await.map(|chunk| (chunk, rows)) }))
}

/// Gathers written bytes and hands them on.
struct Chunks {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    gathered: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.gathered).into();
        let sent = Handle::current().block_on(self.chunks.send_timeout(Ok(chunk), PATIENCE));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
