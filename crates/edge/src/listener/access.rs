//! Access terminals and controllers at the desk: the security dialect (adms 9).
//!
//! They go the way of attendance terminals: whoever opens is registered and gets settings, or nobody could see what it
//! holds; what it uploads is stored once it is approved.

use adms::security::{self, Settings};
use adms::{CivilTime, DataTable, Found, QueryData, reply};
use jiff::tz::TimeZone;

use super::body::Body;
use super::exchange::{Desk, Reply};
use crate::terminals::Standing;

/// Letters of a registry code; real ones have ten.
const CODE_LETTERS: usize = 10;
/// Letters of a session's id.
const SESSION_LETTERS: usize = 32;

impl Desk {
    /// The opening request. A bare OK makes the terminal register; one that has done so, since this edge started, hears so.
    pub(super) fn access_settings(&self, serial: &str, standing: Standing) -> Reply {
        if !standing.has_registered {
            return Reply::ok(reply::OK);
        }
        match Settings::new(&word("session", serial, SESSION_LETTERS)).registered_block(&code(serial)) {
            Ok(block) => Reply::ok(block),
            Err(error) => self.no_code(serial, &error),
        }
    }

    pub(super) fn register(&self, serial: &str) -> Reply {
        self.terminals.registered(serial);
        match security::registry_code(&code(serial)) {
            Ok(reply) => Reply::ok(reply),
            Err(error) => self.no_code(serial, &error),
        }
    }

    pub(super) fn push_settings(&self, serial: &str) -> Reply {
        self.terminals.registered(serial);
        Reply::ok(Settings::new(&word("session", serial, SESSION_LETTERS)).push_block())
    }

    /// The time, by which a controller sets its clock, if the operator wants that.
    pub(super) fn access_time(&self, serial: &str) -> Reply {
        let time = self.zone_to_set(serial).and_then(|zone| {
            let now = self.time.now();
            let utc: CivilTime = now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string().parse().ok()?;
            security::time(utc, i16::try_from(zone.to_offset(now).seconds() / 60).ok()?)
        });
        Reply::ok(time.unwrap_or_else(|| reply::OK.to_owned()))
    }

    /// Events of which some are punches.
    pub(super) async fn events(&self, serial: &str, body: &Body) -> Reply {
        let now_us = self.time.now_us();
        let stored = self.intake(serial, now_us).events(&body.bytes).await;
        match stored {
            Ok(stored) => {
                if let Some(face_s) = stored.face_s {
                    self.showed_face(serial, face_s, now_us);
                }
                Reply::ok(reply::OK)
            }
            Err(error) => self.not_stored(serial, &error),
        }
    }

    /// Records of a table, unasked or found by a query.
    pub(super) async fn records(&self, serial: &str, table: &DataTable<'_>, body: &Body) -> Reply {
        let lines = match table {
            DataTable::User | DataTable::Transaction => {
                match self.intake(serial, self.time.now_us()).records(&body.bytes).await {
                    Ok(lines) => lines,
                    Err(error) => return self.not_stored(serial, &error),
                }
            }
            DataTable::NotKept(_) => {
                let lines = adms::line::lines(&body.bytes).count();
                self.counters.records_not_kept.add(lines);
                lines
            }
            DataTable::Other(name) => {
                let lines = adms::line::lines(&body.bytes).count();
                self.counters.records_unknown.add(lines);
                tracing::info!(serial, table = %name, "records of an unknown table were skipped");
                lines
            }
        };
        Reply::ok(reply::table_count(table, lines))
    }

    /// What a query found. Its result comes by itself, as that of each command.
    pub(super) async fn found(&self, serial: &str, standing: Standing, data: &QueryData<'_>, body: &Body) -> Reply {
        if !standing.is_approved {
            return self.waits_for_approval();
        }
        match &data.found {
            Found::Records(table) => {
                let reply = self.records(serial, table, body).await;
                let is_whole = data.packet.is_none_or(|(packet, packets)| packet >= packets);
                if *table == DataTable::Transaction && is_whole && reply.is_ok() && self.terminals.has_uploaded(serial)
                {
                    // If this is lost, the terminal is asked once more, which does no harm.
                    let _ = self.spool.set_owes_upload(serial.to_owned(), false).await;
                }
                reply
            }
            Found::Options => {
                let options = adms::text::decode(&body.bytes).into_owned();
                let id = data.command_id.as_deref().and_then(|id| id.trim().parse().ok());
                if let Some(id) = id
                    && let Err(error) = self.spool.take_options(serial.to_owned(), id, options).await
                {
                    return self.not_stored(serial, &error);
                }
                Reply::ok(reply::table_count(&DataTable::Other("options".into()), 1))
            }
            Found::Count(table) => Reply::ok(reply::table_count(table, adms::line::lines(&body.bytes).count())),
            Found::Other(kind) => {
                self.counters.records_unknown.add(1);
                tracing::info!(serial, %kind, "an answer of an unknown kind was skipped");
                Reply::ok(reply::OK)
            }
        }
    }

    fn no_code(&self, serial: &str, error: &security::BadCode) -> Reply {
        tracing::error!(serial, %error, "an access terminal could not be registered");
        Reply::ok(reply::OK)
    }
}

fn code(serial: &str) -> String {
    word("registry", serial, CODE_LETTERS)
}

/// A word that a terminal carries along: always the same for a serial, so that it outlives a restart. It proves nothing, and
/// nothing is granted for it.
fn word(purpose: &str, serial: &str, letters: usize) -> String {
    let hash = blake3::Hasher::new().update(purpose.as_bytes()).update(b"\x1f").update(serial.as_bytes()).finalize();
    hash.to_hex().to_uppercase().chars().take(letters).collect()
}
