//! PostgreSQL, for one hub or several on the same database.
//!
//! Invariants:
//! * Writers of a tenant take turns, as on SQLite: a write transaction begins with an advisory lock of its tenant, which
//!   its end frees once its rows are seen by others. It runs as `READ COMMITTED`, so that every statement sees what was
//!   committed before the lock was taken; a snapshot made by the statement that waits for the lock would be older than
//!   it. As no other writer of the tenant commits meanwhile, nothing changes under a transaction either: it is as if
//!   all ran one after another, without serialisation failures to repeat.
//! * A migration is a writer of all tenants: each writer shares the schema's advisory lock, a migration has it alone.
//! * Each transaction says whose it is: see [`fence`].
//! * A reader has one snapshot (`REPEATABLE READ`, read only) and waits for nobody.
//! * `COMMIT` of a transaction in which a statement failed answers without an error and stores nothing. So a statement goes
//!   with it that fails in this case.
//! * Nobody waits for the answer to a write over arrays; what is asked next is answered behind it, and fails with its error, the
//!   commit at the latest.
//! * A connection goes back to its place only after its transaction has ended in the server's own words. What breaks off in
//!   between (error, panic, a server that says nothing for [`PATIENCE`]) closes it, and the server rolls back. Only of a `COMMIT`
//!   whose answer did not come nobody knows: it counts as failed, and whoever tries again must find what is there already.
//! * A server only counts while it takes writes, and while no later primary has been seen: of a standby that was promoted and the old
//!   primary that came back, the old one is never written to by a hub that knew the new one.
//! * All connections live on one thread of their own; calls wait for it without a runtime of their own, so they may come from
//!   any thread.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pollster::block_on;
use rustls::ClientConfig;
use tokio::runtime::{Handle, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::config::{LoadBalanceHosts, TargetSessionAttrs};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, WrongType, to_sql_checked};
use tokio_postgres::{Client, Config, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::Address;
use super::value::storable;
use super::{BUSY_TIMEOUT, Error, Params, Row, Session, Value, fence};

const READERS_KEPT: usize = 4;
/// A server that does not answer for so long is away: at the start, and while something is sent to it.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A statement, and a commit that waits for standbys, has so long. Edges wait for a minute, so they hear of it.
const PATIENCE: Duration = Duration::from_secs(40);
/// What makes or changes tables may take longer.
const PATIENCE_FOR_TABLES: Duration = Duration::from_secs(6 * 3600);
/// A line on which nothing is said is looked at this often, from both ends: a hub whose machine is gone must not keep its turn.
const LOOK_AT_LINE_AFTER: Duration = Duration::from_secs(30);
/// How often another of several servers is tried, in place of a primary of the past.
const TRIES_FOR_THE_NEWEST: usize = 8;
/// The advisory lock of the schema; those of the tenants follow it.
const LOCKS: i64 = 0x7075_6e63 << 32;
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The timeline of a primary: each promotion begins the next. Not every server that speaks as PostgreSQL does has one.
const TIMELINE: &str =
    "SELECT CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS BIGINT)";
pub(crate) const COMMIT: &str = "SELECT 1; COMMIT";

/// The server's address and the connections to it.
#[derive(Debug)]
pub(super) struct Postgres {
    config: Config,
    tls: ClientConfig,
    /// One at a time writes from this process; others wait here rather than with a connection each.
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// That of the latest primary that was seen.
    timeline: AtomicI64,
    /// The thread of the connections. Taken when the value ends.
    runtime: Option<Runtime>,
}

impl Postgres {
    pub(super) fn connect(address: Address) -> Result<Self, Error> {
        let tls = address.client()?;
        let mut config = address.config;
        // Of several addresses, the one that takes writes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(ANSWER_WITHIN);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(ANSWER_WITHIN);
        }
        config.keepalives_idle(LOOK_AT_LINE_AFTER).keepalives_interval(ANSWER_WITHIN);
        if config.get_application_name().is_none() {
            config.application_name("punchclock");
        }
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).thread_name("postgres").enable_all().build();
        let runtime = runtime.map_err(|cause| Error::Away(cause.to_string()))?;
        let server = Self {
            config,
            tls,
            writer: Mutex::default(),
            readers: Mutex::default(),
            timeline: AtomicI64::default(),
            runtime: Some(runtime),
        };
        let connection = server.open()?;
        connection.patience.set(PATIENCE_FOR_TABLES);
        crate::migrations::run_postgres(&connection)?;
        crate::migrations::make_years(&connection, |_, _| Ok(false))?;
        connection.patience.set(PATIENCE);
        *lock(&server.writer) = Some(connection);
        Ok(server)
    }

    /// Makes the partitions of the years that will have punches.
    pub(super) fn make_years(&self, will_have: impl FnMut(&[u8], &[u8]) -> Result<bool, Error>) -> Result<(), Error> {
        let connection = self.open()?;
        connection.patience.set(PATIENCE_FOR_TABLES);
        crate::migrations::make_years(&connection, will_have)
    }

    pub(super) fn write<T, E: From<Error>>(
        &self,
        tenant: i64,
        work: impl FnOnce(Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = lock(&self.writer);
        let connection = self.begin(writer.take(), &write(tenant))?;
        let result = work(Session::Postgres(&connection));
        connection.batch(if result.is_ok() { COMMIT } else { "ROLLBACK" })?;
        *writer = Some(connection);
        result
    }

    pub(super) fn read<T, E: From<Error>>(
        &self,
        tenant: i64,
        work: impl FnOnce(Session<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = lock(&self.readers).pop();
        let connection = self.begin(kept, &format!("{READ}; {}", fence::of(tenant)))?;
        let result = work(Session::Postgres(&connection));
        connection.batch("ROLLBACK")?;
        self.keep(connection);
        result
    }

    /// Whoever commits was among the transactions under way, or it is newer than all of them: the snapshot changes. Nothing
    /// has to be written for it. What others do on the same server changes it too.
    pub(super) fn data_version(&self) -> Result<i64, Error> {
        let kept = lock(&self.readers).pop();
        let connection = self.begin(kept, READ)?;
        let snapshot = Session::Postgres(&connection)
            .prepare("SELECT CAST(pg_current_snapshot() AS TEXT)")?
            .one(&[], |row| row.get::<String>(0))?;
        connection.batch("ROLLBACK")?;
        self.keep(connection);
        let mut hasher = DefaultHasher::new();
        snapshot.hash(&mut hasher);
        Ok(hasher.finish().cast_signed())
    }

    fn keep(&self, connection: Connection) {
        let mut readers = lock(&self.readers);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
    }

    /// Begins a transaction on a kept connection, or on a new one where there is none, or where the server has closed it meanwhile
    /// or takes no more writes.
    fn begin(&self, kept: Option<Connection>, sql: &str) -> Result<Connection, Error> {
        if let Some(connection) = kept {
            match connection.begin(sql) {
                Ok(()) => return Ok(connection),
                Err(Error::Away(_) | Error::ReadOnly) => {}
                Err(error) => return Err(error),
            }
        }
        let connection = self.open()?;
        connection.begin(sql)?;
        Ok(connection)
    }

    /// A connection to the server that takes writes; of several, that of the latest promotion.
    fn open(&self) -> Result<Connection, Error> {
        let mut config = self.config.clone();
        for _ in 0..TRIES_FOR_THE_NEWEST {
            let connection = self.dial(config.clone())?;
            let timeline = connection.timeline();
            if timeline >= self.timeline.fetch_max(timeline, Ordering::Relaxed) {
                return Ok(connection);
            }
            config.load_balance_hosts(LoadBalanceHosts::Random);
        }
        Err(Error::Away(String::from("the only one that answers was the primary before another was promoted; end it")))
    }

    fn dial(&self, config: Config) -> Result<Connection, Error> {
        let Some(runtime) = &self.runtime else { return Err(Error::Away(String::from("it was closed"))) };
        let tls = MakeRustlsConnect::new(self.tls.clone());
        let opened = runtime.spawn(async move {
            let (client, connection) = config.connect(tls).await?;
            // Its end is told to whoever asks the client next.
            tokio::spawn(connection);
            Ok::<_, tokio_postgres::Error>(client)
        });
        let opened = block_on(opened).map_err(|cause| Error::Away(cause.to_string()))?;
        let connection = Connection {
            client: Arc::new(opened?),
            statements: RefCell::default(),
            sent: RefCell::default(),
            handle: runtime.handle().clone(),
            patience: Cell::new(PATIENCE),
            is_given_up: Cell::new(false),
        };
        connection.batch(&format!(
            "SET lock_timeout = {}; SET statement_timeout = {}; SET search_path = public;
             SET tcp_keepalives_idle = {}; SET tcp_keepalives_interval = {}; SET tcp_keepalives_count = 3;
             SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
            BUSY_TIMEOUT.as_millis(),
            PATIENCE.as_millis(),
            LOOK_AT_LINE_AFTER.as_secs(),
            ANSWER_WITHIN.as_secs(),
        ))?;
        Ok(connection)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Plainly dropped it would wait for its thread, which is refused within another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a write transaction of a tenant, once its turn has come. A hub that hangs in the middle of its own loses it. Nothing here
/// says that it writes: an operator's `default_transaction_read_only` holds.
fn write(tenant: i64) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = {}; {};
         SELECT pg_advisory_xact_lock_shared({LOCKS}), pg_advisory_xact_lock({}),
                current_setting('transaction_read_only') AS read_only",
        PATIENCE.as_millis(),
        fence::of(tenant),
        LOCKS + tenant
    )
}

/// Begins the transaction of a migration, once all writers are done.
pub(crate) fn migrate() -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({LOCKS})"
    )
}

/// A connection, with the statements that it has prepared. Their number is bounded: all are constants, or variants of one.
pub(crate) struct Connection {
    client: Arc<Client>,
    statements: RefCell<HashMap<String, tokio_postgres::Statement>>,
    /// What was sent and is still to be answered.
    sent: RefCell<Vec<Sent<u64>>>,
    /// Of the runtime that the connection lives on; it has the clock.
    handle: Handle,
    patience: Cell<Duration>,
    /// An answer did not come in time: what comes now may be that one, so nothing is asked any more.
    is_given_up: Cell<bool>,
}

/// The answer to a statement that was sent. It is taken from the line when it comes, whether or not somebody waits for it yet: as long as
/// one lies there, those behind it are held up.
type Sent<T> = JoinHandle<Result<T, tokio_postgres::Error>>;

/// What was sent to be answered with rows.
pub(crate) struct SentForRows(Sent<Vec<tokio_postgres::Row>>);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn prepare(&self, sql: &str) -> Result<tokio_postgres::Statement, Error> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.wait(self.client.prepare(sql))?;
        self.statements.borrow_mut().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Begins a transaction.
    fn begin(&self, sql: &str) -> Result<(), Error> {
        let answers = self.wait(self.client.simple_query(sql))?;
        let says_read_only = |answer: &SimpleQueryMessage| match answer {
            SimpleQueryMessage::Row(row) => row.try_get("read_only").is_ok_and(|value| value == Some("on")),
            _ => false,
        };
        if answers.iter().any(says_read_only) { Err(Error::ReadOnly) } else { Ok(()) }
    }

    /// See [`TIMELINE`]; 0 where there is none.
    fn timeline(&self) -> i64 {
        let timeline = self.wait(self.client.query_one(TIMELINE, &[])).and_then(|row| Ok(row.try_get(0)?));
        timeline.unwrap_or_default()
    }

    pub(crate) fn batch(&self, sql: &str) -> Result<(), Error> {
        self.wait(self.client.batch_execute(sql))
    }

    pub(super) fn run(&self, statement: &tokio_postgres::Statement, params: Params<'_>) -> Result<usize, Error> {
        let changed = self.wait(self.client.execute_raw(statement, values(params)?))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    pub(super) fn all<T>(
        &self,
        statement: &tokio_postgres::Statement,
        params: Params<'_>,
        mut row: impl FnMut(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.rows(statement, params)?.iter().map(|next| row(&Row::Postgres(next))).collect()
    }

    pub(super) fn one<T>(
        &self,
        statement: &tokio_postgres::Statement,
        params: Params<'_>,
        row: impl FnOnce(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.rows(statement, params)?.first().map(|next| row(&Row::Postgres(next))).transpose()
    }

    /// Every row of a query, a few at a time, until one is refused.
    pub(super) fn each<E: From<Error>>(
        &self,
        sql: &str,
        params: Params<'_>,
        mut row: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.run(&self.prepare(&format!("DECLARE every NO SCROLL CURSOR FOR {sql}"))?, params)?;
        loop {
            let rows = self.wait(self.client.query("FETCH 1000 FROM every", &[]))?;
            if rows.is_empty() {
                return Ok(self.batch("CLOSE every")?);
            }
            rows.iter().try_for_each(|next| row(&Row::Postgres(next)))?;
        }
    }

    /// The rows of a statement whose parameters are arrays; see [`super::many`].
    pub(super) fn rows_of_arrays(
        &self,
        sql: &str,
        arrays: &[Vec<Value<'_>>],
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        let statement = self.prepare(sql)?;
        let arrays: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        self.wait(self.client.query(&statement, &arrays))
    }

    /// Sends a statement whose parameters are arrays, and does not wait for its answer.
    pub(super) fn send_arrays(&self, sql: &str, arrays: &[Vec<Value<'_>>]) -> Result<(), Error> {
        let statement = self.prepare(sql)?;
        let arrays = encoded(&statement, arrays)?;
        let client = Arc::clone(&self.client);
        let sent = self.send(async move { client.execute_raw(&statement, arrays).await });
        self.sent.borrow_mut().push(sent);
        Ok(())
    }

    /// Sends a statement whose parameters are arrays; its rows are waited for later. What is asked meanwhile is answered after it.
    pub(super) fn send_for_rows(&self, sql: &str, arrays: &[Vec<Value<'_>>]) -> Result<SentForRows, Error> {
        let statement = self.prepare(sql)?;
        let arrays = encoded(&statement, arrays)?;
        let client = Arc::clone(&self.client);
        Ok(SentForRows(self.send(async move {
            let arrays: Vec<_> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
            client.query(&statement, &arrays).await
        })))
    }

    /// The rows of what was sent.
    pub(super) fn answer(&self, sent: SentForRows) -> Result<Vec<tokio_postgres::Row>, Error> {
        Ok(self.patiently(sent.0)?.map_err(|cause| Error::Away(cause.to_string()))??)
    }

    /// Sends a statement; it goes out before anything that is sent after this.
    fn send<T: Send + 'static>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
    ) -> Sent<T> {
        let mut statement = Box::pin(statement);
        // It goes out when it is asked for the first time.
        match statement.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => self.handle.spawn(std::future::ready(answer)),
            Poll::Pending => self.handle.spawn(statement),
        }
    }

    /// Waits for the answers to all that was sent.
    pub(super) fn settle(&self) -> Result<(), Error> {
        self.sent.take().into_iter().try_for_each(|sent| {
            self.patiently(sent)?.map_err(|cause| Error::Away(cause.to_string()))??;
            Ok(())
        })
    }

    /// Waits for an answer for as long as a server may take, then gives the connection up. The server is not asked to cancel: of a
    /// commit that waits for a standby that would make one that does not.
    fn patiently<T>(&self, answer: impl Future<Output = T>) -> Result<T, Error> {
        let patience = self.patience.get();
        let silent = || Error::Away(format!("it has said nothing for {} s", patience.as_secs()));
        if self.is_given_up.get() {
            return Err(silent());
        }
        let answer = {
            let _clock = self.handle.enter();
            tokio::time::timeout(patience, answer)
        };
        block_on(answer).map_err(|_| {
            self.is_given_up.set(true);
            silent()
        })
    }

    /// Waits for an answer. What was sent before is answered by then, and is the cause if it failed.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        let answer = self.patiently(answer)?;
        self.settle()?;
        Ok(answer?)
    }

    fn rows(
        &self,
        statement: &tokio_postgres::Statement,
        params: Params<'_>,
    ) -> Result<Vec<tokio_postgres::Row>, Error> {
        let values = values(params)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.wait(self.client.query(statement, &values))
    }
}

fn encoded(statement: &tokio_postgres::Statement, arrays: &[Vec<Value<'_>>]) -> Result<Vec<Encoded>, Error> {
    statement.params().iter().zip(arrays).map(|(of, array)| Encoded::new(of, array)).collect()
}

fn values(params: Params<'_>) -> Result<Vec<Value<'_>>, Error> {
    params.iter().map(|param| param.value()).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Number(number) if *ty == Type::INT4 => i32::try_from(number)?.to_sql(ty, out),
            Self::Text(text) if *ty == Type::TEXT => storable(text).as_ref().to_sql(ty, out),
            Self::Bytes(bytes) if *ty == Type::BYTEA => bytes.to_sql(ty, out),
            _ => Err(Box::new(WrongType::new::<Self>(ty.clone()))),
        }
    }

    /// Which value it is decides; see above.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// An array as it goes over the line, so that it outlives the values that it is made of.
#[derive(Debug)]
struct Encoded(BytesMut);

impl Encoded {
    fn new(of: &Type, array: &Vec<Value<'_>>) -> Result<Self, Error> {
        let mut bytes = BytesMut::new();
        array.to_sql(of, &mut bytes).map_err(|error| Error::Postgres(error.to_string()))?;
        Ok(Self(bytes))
    }
}

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    /// It was encoded for the type that it is sent as.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'r> FromSql<'r> for Value<'r> {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Self::Number(i64::from_sql(ty, raw)?),
            Type::INT4 => Self::Number(i32::from_sql(ty, raw)?.into()),
            Type::BOOL => Self::Number(bool::from_sql(ty, raw)?.into()),
            Type::BYTEA => Self::Bytes(raw),
            _ => Self::Text(<&str>::from_sql(ty, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::BOOL | Type::BYTEA | Type::TEXT)
    }
}

pub(super) fn value(row: &tokio_postgres::Row, column: usize) -> Result<Value<'_>, Error> {
    Ok(row.try_get(column)?)
}
