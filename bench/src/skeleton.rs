//! The least that could receive punches durably: axum, rusqlite, one writer thread with group commit, `synchronous=FULL`.
//!
//! It checks nobody and reads nothing: a body's lines go into the same table as the edge's, with a key of the same shape
//! and a payload of the same length. What the edge costs beyond this is the price of its checks.

use std::{net::SocketAddr, path::Path, thread};

use anyhow::{Context, Result};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use rusqlite::Connection;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

const QUEUE: usize = 1024;
const GROUP: usize = 4096;
/// What the edge's rows hold beside the line: serial, fields and their lengths.
const ENVELOPE_BYTES: usize = 44;

/// A body, and whom to tell that its rows are on the disk.
type Upload = (Bytes, oneshot::Sender<usize>);

/// Starts the skeleton on a free port; it ends with the runtime.
pub(crate) async fn start(folder: &Path) -> Result<SocketAddr> {
    let connection = open(&folder.join("skeleton.db"))?;
    let (uploads, waiting) = mpsc::channel(QUEUE);
    thread::Builder::new().name("writer".to_owned()).spawn(move || {
        if let Err(error) = write(&connection, waiting) {
            eprintln!("the skeleton could not write: {error:#}");
        }
    })?;
    let app = Router::new().route("/iclock/cdata", post(receive)).with_state(uploads);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

async fn receive(State(uploads): State<mpsc::Sender<Upload>>, body: Bytes) -> Result<String, StatusCode> {
    let (answer, answered) = oneshot::channel();
    uploads.send((body, answer)).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let rows = answered.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(format!("OK: {rows}"))
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).context("could not create the skeleton's database")?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE entry (
           seq         INTEGER PRIMARY KEY AUTOINCREMENT,
           fingerprint BLOB    NOT NULL UNIQUE,
           received_us INTEGER NOT NULL,
           payload     BLOB    NOT NULL
         ) STRICT",
    )?;
    Ok(connection)
}

/// Commits whatever waits in one transaction, then answers all of it.
fn write(connection: &Connection, mut waiting: mpsc::Receiver<Upload>) -> Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO entry (fingerprint, received_us, payload) VALUES (?1, ?2, ?3) ON CONFLICT (fingerprint) DO NOTHING",
    )?;
    let mut answers = Vec::new();
    while let Some(first) = waiting.blocking_recv() {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut next = Some(first);
        while let Some((body, answer)) = next {
            let mut rows = 0;
            for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                insert.execute((&key(line)[..], jiff::Timestamp::now().as_microsecond(), payload(line)))?;
                rows += 1;
            }
            answers.push((answer, rows));
            next = if answers.len() < GROUP { waiting.try_recv().ok() } else { None };
        }
        connection.execute_batch("COMMIT")?;
        for (answer, rows) in answers.drain(..) {
            // Whoever hung up meanwhile does not wait for the answer.
            let _ = answer.send(rows);
        }
    }
    Ok(())
}

/// Four bytes that all rows of an hour share, then twelve of a hash, as in a fingerprint.
fn key(line: &[u8]) -> [u8; 16] {
    let mut key = [0x80; 16];
    key[4..].copy_from_slice(&blake3::hash(line).as_bytes()[..12]);
    key
}

fn payload(line: &[u8]) -> Vec<u8> {
    let mut payload = vec![0; ENVELOPE_BYTES];
    payload.extend_from_slice(line);
    payload
}
