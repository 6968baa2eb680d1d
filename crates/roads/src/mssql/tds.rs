//! The client of a server.

// A shell: it owns connections.
#![allow(clippy::disallowed_methods)]

use std::time::Duration;

use futures_util::future::{Either, select};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tiberius::error::Error;
use tiberius::{AuthMethod, Client, ColumnData, Config, EncryptionLevel, Query, Row};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::select::RIGHTS;
use super::{Cell, Encryption, LegacyTable, Select, Table, Trouble};
use crate::network;

/// How long a server is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until it takes a connection.
    pub connect: Duration,
    /// Until the login is through.
    pub login: Duration,
    /// For the next part of an answer.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let [connect, login, answer] = [10, 15, 60].map(Duration::from_secs);
        Self { connect, login, answer }
    }
}

/// How a server is reached.
#[derive(Clone)]
pub struct Access {
    /// `HOST:PORT`, or a host alone for port 1433.
    pub address: String,
    /// The database.
    pub database: String,
    /// Login of the server itself.
    pub user: String,
    /// Its password.
    pub password: String,
    /// How much is encrypted.
    pub encryption: Encryption,
    /// Certificates (PEM) of who may have signed the server's; `None` for those that the system trusts.
    pub ca: Option<String>,
    /// Whether any certificate will do.
    pub trusts_any: bool,
    /// Whether addresses of the own network are allowed.
    pub allow_private: bool,
}

/// A server that is connected to when a page is asked for. Calls block.
pub struct SqlServer {
    access: Access,
    patience: Patience,
    client: Option<Client<Compat<TcpStream>>>,
    runtime: Runtime,
}

impl SqlServer {
    /// A client that has not connected yet. Encryption needs a process-wide rustls provider. Not within a runtime.
    ///
    /// # Errors
    /// In words, when no client can be made.
    pub fn new(access: Access) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no client can be made: {error}"))?;
        Ok(Self { access, patience: Patience::default(), client: None, runtime })
    }

    /// One that waits otherwise than usual.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Sends a statement; all its rows. Whatever fails ends the connection.
    fn ask(&mut self, sql: &str, values: &[Cell]) -> Result<Vec<Row>, Trouble> {
        let Self { access, patience, client, runtime } = self;
        runtime.block_on(async {
            let mut connected = match client.take() {
                Some(connected) => connected,
                None => connect(access, *patience).await?,
            };
            let mut query = Query::new(sql);
            for value in values {
                bind(&mut query, value);
            }
            let asked = async {
                let rows = query.query(&mut connected).await?;
                rows.into_first_result().await
            };
            let rows = asked.await.map_err(|error| Trouble::Read(in_words(&error)))?;
            *client = Some(connected);
            Ok(rows)
        })
    }
}

impl LegacyTable for SqlServer {
    fn page(&mut self, select: &Select<'_>) -> Result<Vec<Vec<Cell>>, Trouble> {
        let (sql, values) = select.sql();
        let rows = self.ask(&sql, &values)?;
        Ok(rows.iter().map(|row| row.cells().map(|(_, data)| cell(data)).collect()).collect())
    }

    fn may_write(&mut self, table: &Table) -> Result<Vec<String>, Trouble> {
        let mut found = Vec::new();
        for object in &table.objects {
            let rows = self.ask(RIGHTS, &[Cell::Text(object.clone())])?;
            let cells = rows.iter().flat_map(Row::cells);
            found.extend(
                cells
                    .filter(|(_, data)| cell(data) == Cell::Number(1))
                    .map(|(column, _)| format!("{object}: {}", column.name())),
            );
        }
        Ok(found)
    }
}

async fn connect(access: &Access, patience: Patience) -> Result<Client<Compat<TcpStream>>, Trouble> {
    let trouble = |what: String| Trouble::Connect(format!("{}: {what}", access.address));
    let (host, port) = match access.address.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| trouble("write HOST:PORT".to_owned()))?),
        None => (access.address.as_str(), 1433),
    };
    let found = tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await;
    let found = found.map_err(|error| trouble(error.to_string()))?;
    let mut why = "the name leads nowhere".to_owned();
    let mut stream = None;
    for address in found {
        if !access.allow_private && !network::is_public(address.ip()) {
            why = network::not_public(address.ip());
            continue;
        }
        match tokio::time::timeout(patience.connect, TcpStream::connect(address)).await {
            Ok(Ok(connected)) => stream = Some(connected),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = "no answer in time".to_owned(),
        }
        if stream.is_some() {
            break;
        }
    }
    let stream = stream.ok_or_else(|| trouble(why))?;
    stream.set_nodelay(true).map_err(|error| trouble(error.to_string()))?;
    let mut config = Config::new();
    config.host(host);
    config.port(port);
    config.database(&access.database);
    config.application_name("punchclock");
    config.authentication(AuthMethod::sql_server(&access.user, &access.password));
    config.encryption(match access.encryption {
        Encryption::Required => EncryptionLevel::Required,
        Encryption::Login => EncryptionLevel::Off,
        Encryption::None => EncryptionLevel::NotSupported,
    });
    // A hint for replicas only; the login's rights are what protects.
    config.readonly(true);
    config.command_timeout(Some(patience.answer));
    // The wait below tells of it with the cure.
    config.handshake_timeout(None);
    match &access.ca {
        Some(ca) => config.trust_cert_ca_bundle(ca.as_bytes()),
        None if access.trusts_any => config.trust_cert(),
        None => {}
    }
    // A server without TLS lets a client that wants some wait for ever.
    let connecting = std::pin::pin!(Client::connect(config, stream.compat_write()));
    let waited = std::pin::pin!(tokio::time::sleep(patience.login));
    match select(connecting, waited).await {
        Either::Left((connected, _)) => connected.map_err(|error| trouble(in_words(&error))),
        Either::Right(_) => Err(trouble(
            "it does not go on with the login; if it knows no encryption, only --encryption none is left".to_owned(),
        )),
    }
}

/// What went wrong, with the cure where the words of the reference tell it.
fn in_words(error: &Error) -> String {
    use std::io::ErrorKind as Kind;
    let text = match error {
        Error::Server(token) => format!("{} (error {})", token.message().trim_end(), token.code()),
        Error::Io { kind: Kind::TimedOut, .. } => "it did not go on with its answer in time".to_owned(),
        Error::Io {
            kind: Kind::BrokenPipe | Kind::UnexpectedEof | Kind::ConnectionReset | Kind::ConnectionAborted,
            message,
        } => format!("the connection broke off ({message})"),
        // What follows is for who writes a program.
        Error::Tls(text) => text.split(" To connect anyway").next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    let cure = if text.contains("ProtocolVersion") {
        "; the server knows no TLS 1.2: update it, or say --encryption none, which shows the password to the line"
    } else if text.contains("encryption level") {
        "; the server has no encryption: let it have a certificate, or say --encryption none, which shows the password to the line"
    } else if text.contains("not valid for name") {
        "; give --address by a name that stands in the certificate"
    } else if text.contains("UnknownIssuer") || text.contains("certificate") {
        "; give the certificate of who signed the server's with --ca-file"
    } else {
        // Servers that only speak the protocol have numbers of their own.
        match error.code() {
            Some(18456) => "; look at user and password",
            Some(911 | 4060) => "; look at --db-name",
            Some(229) => "; the login needs SELECT on it",
            Some(208) => "; look at --table, or at the query",
            Some(241) => {
                "; a column of times holds text that is none: convert it in a query of your own, as docs/mssql.md shows"
            }
            _ => "",
        }
    };
    format!("{text}{cure}")
}

fn bind<'a>(query: &mut Query<'a>, value: &'a Cell) {
    match value {
        Cell::Null => query.bind(None::<i64>),
        Cell::Number(number) => query.bind(*number),
        Cell::Text(text) | Cell::Other(text) => query.bind(text.as_str()),
        Cell::Civil(at) => query.bind(ColumnData::DateTime2(Some(date_time2(*at)))),
        Cell::Date(date) => query.bind(ColumnData::DateTime2(Some(date_time2(date.at(0, 0, 0, 0))))),
        Cell::Time(time) => query.bind(time.to_string()),
        Cell::At(at) => query.bind(date_time_offset(*at)),
    }
}

/// As a `datetimeoffset(7)` in UTC.
fn date_time_offset(at: Timestamp) -> ColumnData<'static> {
    let utc = date_time2(TimeZone::UTC.to_datetime(at));
    ColumnData::DateTimeOffset(Some(tiberius::time::DateTimeOffset::new(utc, 0)))
}

/// As a `datetime2(7)`.
fn date_time2(at: DateTime) -> tiberius::time::DateTime2 {
    let days = at.date().duration_since(YEAR_ONE).as_hours() / 24;
    let ticks = at.time().duration_since(Time::midnight()).as_nanos() / 100;
    let date = tiberius::time::Date::new(u32::try_from(days).unwrap_or_default());
    let time = tiberius::time::Time::new(u64::try_from(ticks).unwrap_or_default(), 7);
    tiberius::time::DateTime2::new(date, time)
}

const YEAR_ONE: Date = Date::constant(1, 1, 1);
const YEAR_1900: Date = Date::constant(1900, 1, 1);

/// A value as it came, whatever its type (reference, section 5).
fn cell(data: &ColumnData<'_>) -> Cell {
    let made = match data {
        ColumnData::U8(value) => value.map(|value| Cell::Number(value.into())),
        ColumnData::I16(value) => value.map(|value| Cell::Number(value.into())),
        ColumnData::I32(value) => value.map(|value| Cell::Number(value.into())),
        ColumnData::I64(value) => value.map(Cell::Number),
        ColumnData::Bit(value) => value.map(|value| Cell::Number(value.into())),
        ColumnData::F32(value) => value.map(|value| whole(f64::from(value))),
        ColumnData::F64(value) => value.map(whole),
        ColumnData::Numeric(value) => value.map(|value| match (value.dec_part(), i64::try_from(value.int_part())) {
            (0, Ok(number)) => Cell::Number(number),
            _ => Cell::Other(value.to_string()),
        }),
        ColumnData::String(value) => value.as_ref().map(|text| Cell::Text(text.trim_end().to_owned())),
        ColumnData::Guid(value) => value.map(|guid| Cell::Text(guid.to_string())),
        ColumnData::Binary(value) => value.as_ref().map(|bytes| Cell::Other(format!("{} bytes", bytes.len()))),
        ColumnData::Xml(value) => value.as_ref().map(|xml| Cell::Other(xml.to_string())),
        ColumnData::DateTime(value) => value.map(|at| {
            let fraction = SignedDuration::from_nanos(i64::from(at.seconds_fragments()) * 10_000_000 / 3);
            civil(days_after(YEAR_1900, at.days().into()), fraction)
        }),
        ColumnData::SmallDateTime(value) => value.map(|at| {
            civil(days_after(YEAR_1900, at.days().into()), SignedDuration::from_mins(at.seconds_fragments().into()))
        }),
        ColumnData::Time(value) => value.map(|time| {
            let midnight = Date::constant(2000, 1, 1).at(0, 0, 0, 0);
            midnight.checked_add(since_midnight(time)).map_or(Cell::Null, |at| Cell::Time(at.time()))
        }),
        ColumnData::Date(value) => {
            value.map(|date| days_after(YEAR_ONE, date.days().into()).map_or(Cell::Null, Cell::Date))
        }
        ColumnData::DateTime2(value) => {
            value.map(|at| civil(days_after(YEAR_ONE, at.date().days().into()), since_midnight(at.time())))
        }
        // It is told in UTC, with the offset beside.
        ColumnData::DateTimeOffset(value) => value.map(|at| {
            let (date, time) = (at.datetime2().date(), at.datetime2().time());
            match civil(days_after(YEAR_ONE, date.days().into()), since_midnight(time)) {
                Cell::Civil(utc) => utc.to_zoned(TimeZone::UTC).map_or(Cell::Null, |at| Cell::At(Timestamp::from(&at))),
                other => other,
            }
        }),
    };
    made.unwrap_or(Cell::Null)
}

/// A number that is none of a fraction, as one.
fn whole(value: f64) -> Cell {
    let is_whole = value.fract() == 0.0 && value.abs() < 9e15;
    if is_whole { Cell::Number(value as i64) } else { Cell::Other(value.to_string()) }
}

fn days_after(first: Date, days: i64) -> Option<Date> {
    first.checked_add(days.days()).ok()
}

fn civil(date: Option<Date>, since_midnight: SignedDuration) -> Cell {
    let at = date.and_then(|date| date.at(0, 0, 0, 0).checked_add(since_midnight).ok());
    at.map_or(Cell::Null, Cell::Civil)
}

fn since_midnight(time: tiberius::time::Time) -> SignedDuration {
    let per_tick = 10_i64.pow(9_u32.saturating_sub(time.scale().into()));
    SignedDuration::from_nanos(i64::try_from(time.increments()).unwrap_or_default().saturating_mul(per_tick))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tiberius::numeric::Numeric;
    use tiberius::time::{self, DateTime2, DateTimeOffset, SmallDateTime};

    use super::*;

    fn is(data: &ColumnData<'static>, wanted: &str) {
        assert_eq!(cell(data).to_string(), wanted, "{data:?}");
    }

    #[test]
    fn every_type_of_the_reference_is_understood() {
        is(&ColumnData::U8(Some(255)), "255");
        is(&ColumnData::I16(Some(-7)), "-7");
        is(&ColumnData::I32(Some(7)), "7");
        is(&ColumnData::I64(Some(1 << 40)), "1099511627776");
        is(&ColumnData::Bit(Some(true)), "1");
        is(&ColumnData::F64(Some(20.0)), "20");
        is(&ColumnData::F32(Some(1.5)), "1.5");
        is(&ColumnData::Numeric(Some(Numeric::new_with_scale(1200, 2))), "12");
        is(&ColumnData::String(Some("E1      ".into())), "E1");
        is(&ColumnData::String(Some("홍길동".into())), "홍길동");
        is(&ColumnData::Binary(Some(vec![1, 2].into())), "2 bytes");
        // 2025-03-03 08:00:01 less the part of 1/300 s that was lost.
        is(&ColumnData::DateTime(Some(time::DateTime::new(45_717, 28_801 * 300 - 1))), "2025-03-03 08:00:00.996666666");
        is(&ColumnData::SmallDateTime(Some(SmallDateTime::new(45_717, 481))), "2025-03-03 08:01:00");
        is(&ColumnData::DateTime(None), "");
        let (date, at) = (time::Date::new(739_312), time::Time::new(288_010_000_000, 7));
        is(&ColumnData::Date(Some(date)), "2025-03-03");
        is(&ColumnData::Time(Some(time::Time::new(28_801, 0))), "08:00:01");
        is(&ColumnData::DateTime2(Some(DateTime2::new(date, at))), "2025-03-03 08:00:01");
        is(
            &ColumnData::DateTimeOffset(Some(DateTimeOffset::new(DateTime2::new(date, at), 540))),
            "2025-03-03T08:00:01Z",
        );
        for null in [ColumnData::I64(None), ColumnData::String(None), ColumnData::SmallDateTime(None)] {
            assert_eq!(cell(&null), Cell::Null);
        }
    }

    #[test]
    fn a_time_that_is_sent_is_the_one_that_came() {
        let at: DateTime = "2025-03-03T08:00:01.9967".parse().unwrap();
        assert_eq!(cell(&ColumnData::DateTime2(Some(date_time2(at)))), Cell::Civil(at));
        let at = "2025-03-03T00:30:01.9967+09:00".parse().unwrap();
        assert_eq!(cell(&date_time_offset(at)), Cell::At(at));
    }
}
