//! One request of a terminal and its answer (adms 3).

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use adms::request::before_iclock;
use adms::{Call, DataTable, Dialect, HandshakeReply, HandshakeRequest, Method, Request, Table, Upload, reply};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body as HttpBody;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use jiff::tz::TimeZone;
use link::Network;

use super::body::{Body, Budget, Unread};
use super::intake::{Intake, Stored};
use crate::config::EdgeConfig;
use crate::counters::Counters;
use crate::days::Days;
use crate::plan::{Caller, Meter, Verdict, sample_room};
use crate::spool::terminals::SAMPLE_LINES;
use crate::spool::{Spool, SpoolError};
use crate::terminals::{NotServed, Standing, Terminals};
use crate::timekeeper::Timekeeper;

/// Longest serial that is believed; real ones have 13 characters.
const MAX_SERIAL_BYTES: usize = 64;

/// Answers terminals.
pub(crate) struct Desk {
    pub(super) spool: Spool,
    pub(super) terminals: Arc<Terminals>,
    pub(super) counters: Arc<Counters>,
    pub(super) time: Arc<Timekeeper>,
    pub(super) budget: Budget,
    pub(super) days: Arc<Days>,
    /// Counts the requests of each address.
    pub(super) meter: Option<Mutex<Meter>>,
    pub(super) allowed: Vec<Network>,
    pub(super) trusted_proxies: Vec<Network>,
    /// How long the result of a command may take.
    pub(super) result_patience: Duration,
}

/// A reply: any status but 200 makes the terminal keep its data and come again.
pub(super) struct Reply {
    status: StatusCode,
    text: String,
}

impl Reply {
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, text: text.into() }
    }

    fn refused(status: StatusCode, text: &str) -> Self {
        Self { status, text: text.to_owned() }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.status == StatusCode::OK
    }
}

impl Desk {
    pub(crate) fn new(config: &EdgeConfig, days: Arc<Days>) -> Self {
        Self {
            spool: days.spool.clone(),
            terminals: days.terminals.clone(),
            counters: days.counters.clone(),
            time: days.time.clone(),
            days,
            budget: Budget::new(config.max_body_bytes, config.max_bytes_in_work),
            meter: config.requests_per_second.map(|rate| Mutex::new(Meter::new(rate))),
            allowed: config.allowed.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            result_patience: config.result_patience,
        }
    }

    pub(crate) async fn serve<B>(&self, peer: IpAddr, request: hyper::Request<B>) -> Response<Full<Bytes>>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        self.counters.requests.add(1);
        let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let peer = link::caller(peer, forwarded, &self.trusted_proxies);
        let reply = if self.is_too_much(peer) {
            Reply::refused(StatusCode::SERVICE_UNAVAILABLE, "too many requests; come again later")
        } else if self.allowed.iter().any(|network| network.contains(peer)) {
            self.answer(peer, request).await
        } else {
            self.counters.refused_network.add(1);
            tracing::warn!(%peer, "a request from a network that is not allowed was refused");
            Reply::refused(StatusCode::FORBIDDEN, "this network is not allowed here")
        };
        let mut response = Response::new(Full::new(Bytes::from(reply.text)));
        *response.status_mut() = reply.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        response
    }

    /// Whether the address asks more than it may.
    fn is_too_much(&self, peer: IpAddr) -> bool {
        let Some(meter) = &self.meter else { return false };
        let verdict = meter.lock().unwrap_or_else(PoisonError::into_inner).count(peer, Instant::now());
        let Verdict::Refused { is_first } = verdict else { return false };
        self.counters.refused_rate.add(1);
        if is_first {
            tracing::warn!(%peer, "an address asks more than terminals.requests_per_second allows and is slowed down; what it has, it keeps");
        }
        true
    }

    async fn answer<B: HttpBody<Data = Bytes> + Unpin>(&self, peer: IpAddr, request: hyper::Request<B>) -> Reply {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        if before_iclock(path).is_none() {
            return Reply::refused(StatusCode::NOT_FOUND, "terminals are served under /iclock/");
        }
        let method = match head.method {
            hyper::Method::GET => Method::Get,
            hyper::Method::POST => Method::Post,
            _ => Method::Other,
        };
        let Request { serial, shown, call } = Request::read(method, path, head.uri.query().unwrap_or_default());
        let Some(serial) = serial.filter(|serial| is_believable(serial)) else {
            return Reply::refused(StatusCode::BAD_REQUEST, "no serial number (SN)");
        };
        let caller = Caller { from: peer, shown: &shown, is_handshake: matches!(call, Call::Handshake(_)) };
        let standing = match self.terminals.meet(&serial, caller, self.time.now_us()) {
            Ok(standing) => standing,
            Err(not_served) => return self.not_served(&serial, peer, not_served),
        };
        if let Some(admission) = standing.admission
            && let Err(error) = self.spool.admit(serial.to_string(), admission).await
        {
            tracing::warn!(%serial, %error, "an admitted address was not remembered; after a restart the terminal must show its key again");
        }
        if let Some(dialect) = call.dialect()
            && self.terminals.speaks(&serial, dialect)
            && let Err(error) = self.spool.set_dialect(serial.to_string(), dialect).await
        {
            tracing::warn!(%serial, %error, "a terminal's dialect was not remembered; after a restart it waits longer for commands");
        }
        // Whatever it asks for: a body that is left unread could cost the terminal the answer.
        match self.budget.read(body).await {
            Ok(body) => self.dispatch(&serial, standing, &call, body).await,
            Err(unread) => self.unread(&serial, &unread),
        }
    }

    async fn dispatch(&self, serial: &str, standing: Standing, call: &Call<'_>, body: Body) -> Reply {
        match call {
            Call::Handshake(said) => self.handshake(serial, standing, said).await,
            Call::Upload(upload) => self.upload(serial, standing, upload, body).await,
            Call::GetRequest { .. } => self.commands(serial, standing).await,
            Call::DeviceCmd => self.results(serial, standing, &body).await,
            Call::Time => self.time(serial),
            Call::Registry => self.register(serial),
            Call::Push => self.push_settings(serial),
            Call::QueryData(data) => self.found(serial, standing, data, &body).await,
            Call::RtData => self.access_time(serial),
            Call::File => Reply::refused(StatusCode::NOT_FOUND, "there are no files here"),
            Call::Exchange => {
                tracing::warn!(
                    serial,
                    "a terminal asks for encryption, which is not public; switch it off on the terminal"
                );
                Reply::ok(reply::OK)
            }
            Call::Ping | Call::Question { .. } | Call::Verify | Call::Other => Reply::ok(reply::OK),
        }
    }

    fn not_served(&self, serial: &str, peer: IpAddr, why: NotServed) -> Reply {
        match why {
            NotServed::TooMany => Reply::refused(StatusCode::SERVICE_UNAVAILABLE, "too many unknown terminals"),
            NotServed::Doubted { doubt, is_news } => {
                self.counters.refused_key.add(1);
                if is_news {
                    tracing::warn!(serial, %peer, "a caller was refused: it {doubt}");
                }
                Reply::refused(StatusCode::FORBIDDEN, "this terminal must show its key")
            }
        }
    }

    /// Strangers get settings too: without them they would upload nothing, and nobody could see what they hold.
    async fn handshake(&self, serial: &str, standing: Standing, said: &HandshakeRequest<'_>) -> Reply {
        if standing.has_commands
            && let Err(error) = self.spool.came_back(serial.to_owned(), self.time.now_us()).await
        {
            // Its restart then counts as done at the next handshake, or is given up.
            tracing::warn!(serial, %error, "the end of a restart was not noted");
        }
        if said.dialect() == Dialect::Security {
            return self.access_settings(serial, standing);
        }
        let mut settings = HandshakeReply::answering(serial, said);
        if let Some(zone) = self.zone_to_set(serial) {
            let offset_minutes = zone.to_offset(self.time.now()).seconds() / 60;
            settings = settings.setting_the_clock(i16::try_from(offset_minutes).unwrap_or(0), said);
        }
        if !standing.owes_upload {
            return Reply::ok(settings.to_string());
        }
        self.terminals.told_to_upload(serial);
        Reply::ok(settings.sending_everything_again().to_string())
    }

    /// The time, for a terminal that would set its clock by it, if the operator wants that; else it is none of its
    /// business.
    fn time(&self, serial: &str) -> Reply {
        let Some(zone) = self.zone_to_set(serial) else { return Reply::ok(reply::OK) };
        let now = self.time.now().to_zoned(zone);
        Reply::ok(reply::time(&now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()))
    }

    async fn upload(&self, serial: &str, standing: Standing, upload: &Upload<'_>, mut body: Body) -> Reply {
        let keeps_lines = matches!(
            upload.table,
            Table::AttLog | Table::OperLog | Table::RtLog | Table::TableData(DataTable::User | DataTable::Transaction)
        );
        if keeps_lines && !standing.is_approved {
            return self.unapproved(serial, standing, upload, &body).await;
        }
        if upload.is_tgz && keeps_lines {
            body = match self.budget.unpack(body).await {
                Ok(body) => body,
                Err(unread) => return self.unread(serial, &unread),
            };
        }
        match &upload.table {
            Table::AttLog => self.punches(serial, &body).await,
            Table::OperLog => {
                self.counted(serial, self.intake(serial, self.time.now_us()).operations(&body.bytes).await)
            }
            Table::Options => Reply::ok(reply::OK),
            Table::Photo => {
                self.counters.records_not_kept.add(1);
                Reply::ok(reply::OK)
            }
            // Nobody looks into an archive of what is not kept.
            Table::Tagged(_) if upload.is_tgz => {
                self.counters.records_not_kept.add(1);
                Reply::ok(reply::OK)
            }
            Table::Tagged(_) => {
                let lines = adms::line::lines(&body.bytes).count();
                self.counters.records_not_kept.add(lines);
                Reply::ok(reply::ok_count(lines))
            }
            Table::RtLog => self.events(serial, &body).await,
            Table::RtState => {
                self.counters.events.add(adms::line::lines(&body.bytes).count());
                Reply::ok(reply::OK)
            }
            Table::TableData(table) => self.records(serial, table, &body).await,
            Table::Other(name) => {
                self.counters.records_unknown.add(1);
                tracing::info!(serial, table = %name, "an upload for an unknown table was skipped");
                Reply::ok(reply::OK)
            }
        }
    }

    async fn punches(&self, serial: &str, body: &Body) -> Reply {
        let now_us = self.time.now_us();
        let stored = self.intake(serial, now_us).attlog(&body.bytes).await;
        if let Ok(Stored { face_s, days, .. }) = &stored {
            if let Some(face_s) = face_s {
                self.showed_face(serial, *face_s, now_us);
            }
            self.terminals.came(serial, days);
        }
        if stored.is_ok() && self.terminals.uploaded(serial) {
            // If this is lost, the terminal is asked once more, which does no harm.
            let _ = self.spool.set_owes_upload(serial.to_owned(), false).await;
        }
        self.counted(serial, stored.map(|stored| stored.lines))
    }

    /// Keeps a sample for the operator who decides about the terminal; the terminal keeps everything.
    async fn unapproved(&self, serial: &str, standing: Standing, upload: &Upload<'_>, body: &Body) -> Reply {
        let room = sample_room(standing.sample_lines, SAMPLE_LINES);
        let intake = self.intake(serial, self.time.now_us());
        let lines = match upload.table {
            _ if upload.is_tgz || room == 0 => Vec::new(),
            Table::AttLog => intake.attlog_sample(&body.bytes, room),
            Table::RtLog => intake.event_sample(&body.bytes, room),
            _ => Vec::new(),
        };
        if !lines.is_empty() {
            match self.spool.keep_sample(serial.to_owned(), lines).await {
                Ok(kept) => self.terminals.sampled(serial, kept),
                Err(error) => tracing::warn!(serial, %error, "the sample of an unapproved terminal was not kept"),
            }
        }
        self.waits_for_approval()
    }

    /// The zone in which a terminal's clock is to be set. Nobody's is set by a clock that is not believed.
    pub(super) fn zone_to_set(&self, serial: &str) -> Option<TimeZone> {
        self.terminals.zone_to_set(serial).filter(|_| self.time.is_believed())
    }

    /// A terminal's face was seen; a clock that is not believed shows nothing of it.
    pub(super) fn showed_face(&self, serial: &str, face_s: i64, now_us: i64) {
        if self.time.is_believed() {
            self.terminals.showed_face(serial, face_s, now_us);
        }
    }

    pub(super) fn waits_for_approval(&self) -> Reply {
        self.counters.refused_unapproved.add(1);
        Reply::refused(StatusCode::SERVICE_UNAVAILABLE, "this terminal waits for approval")
    }

    pub(super) fn intake<'a>(&'a self, serial: &'a str, now_us: i64) -> Intake<'a> {
        Intake { spool: &self.spool, counters: &self.counters, serial, now_us }
    }

    fn counted(&self, serial: &str, stored: Result<usize, SpoolError>) -> Reply {
        match stored {
            Ok(lines) => Reply::ok(reply::ok_count(lines)),
            Err(error) => self.not_stored(serial, &error),
        }
    }

    pub(super) fn not_stored(&self, serial: &str, error: &SpoolError) -> Reply {
        let counter = match error {
            SpoolError::Full(_) => &self.counters.refused_full,
            _ => &self.counters.refused_busy,
        };
        counter.add(1);
        tracing::warn!(serial, %error, "an upload was refused; the terminal keeps it");
        Reply::refused(StatusCode::SERVICE_UNAVAILABLE, "come again later")
    }

    pub(super) fn unread(&self, serial: &str, unread: &Unread) -> Reply {
        match unread {
            Unread::TooLarge => {
                tracing::warn!(serial, "an upload was refused because it is too large");
                Reply::refused(StatusCode::PAYLOAD_TOO_LARGE, "too large")
            }
            Unread::Busy => {
                self.counters.refused_busy.add(1);
                Reply::refused(StatusCode::SERVICE_UNAVAILABLE, "come again later")
            }
            Unread::Broken => Reply::refused(StatusCode::BAD_REQUEST, "the body ended early"),
            Unread::Archive(error) => {
                self.counters.refused_archives.add(1);
                tracing::warn!(serial, %error, "an upload in an archive was refused; the terminal keeps it");
                Reply::refused(StatusCode::BAD_REQUEST, "the archive can't be unpacked")
            }
        }
    }
}

fn is_believable(serial: &str) -> bool {
    serial.len() <= MAX_SERIAL_BYTES && !serial.contains(|c: char| c.is_control())
}
