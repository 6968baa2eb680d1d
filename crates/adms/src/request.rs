//! What a request is about, from its method, path and query (adms 3).

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::{handshake::HandshakeRequest, query};

/// The two methods that terminals use; anything else is [`Method::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// Any other; it is answered like an unknown path.
    Other,
}

/// One request of a terminal, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// The serial number (`SN` or `sn`), trimmed; `None` when missing or empty. It is a claim, not a proof (adms 11).
    pub serial: Option<Cow<'a, str>>,
    /// What it shows besides.
    pub shown: Shown<'a>,
    /// What the terminal wants.
    pub call: Call<'a>,
}

/// Constant secrets that a terminal may show: in clear, but worth pinning (adms 11). `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Shown<'a> {
    /// What stands before `/iclock` in the path, where the firmware allows a path.
    pub path: Option<Cow<'a, str>>,
    /// `ComKey`, on every request of a terminal whose option `IsPushComKey` is 1.
    pub com_key: Option<Cow<'a, str>>,
    /// `pushcommkey`, which comes in the handshake alone.
    pub push_comm_key: Option<Cow<'a, str>>,
}

/// What a terminal wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call<'a> {
    /// The opening request for the settings block; reply [`HandshakeReply`](crate::HandshakeReply), or in the security
    /// dialect [`security::Settings`](crate::security::Settings).
    Handshake(HandshakeRequest<'a>),
    /// Records in the body; reply [`ok_count`](crate::reply::ok_count) after they are stored, or what
    /// [`Table`] says.
    Upload(Upload<'a>),
    /// "Is there a command for me?"; reply `OK` or command lines.
    GetRequest {
        /// The state report that comes with the first poll and on changes; see [`Info::read`](crate::Info::read).
        info: Option<Cow<'a, str>>,
    },
    /// Results of commands in the body ([`results::read`](crate::results::read)); reply `OK`.
    DeviceCmd,
    /// Sign of life during a bulk upload; reply `OK`.
    Ping,
    /// The server's time; reply [`reply::time`](crate::reply::time).
    Time,
    /// A question about somebody who stands at the terminal (`RemoteAtt`, `LastPunch`, `SELFSERVICEDATA`); reply `OK`,
    /// which tells nothing.
    Question {
        /// The user number.
        pin: Option<Cow<'a, str>>,
    },
    /// "May this person pass?" (`PostVerifyData`, `AuthType=device`). This server never answers for a door: `OK` grants
    /// nothing.
    Verify,
    /// The terminal wants to encrypt (`exchange`). There is no public library for it (adms 10): reply `OK`, and tell
    /// people loudly.
    Exchange,
    /// Security: a controller introduces itself, its options in the body; reply
    /// [`security::registry_code`](crate::security::registry_code), or status 406 to refuse it.
    Registry,
    /// Security: the registered controller asks for its settings; reply
    /// [`security::Settings::push_block`](crate::security::Settings::push_block).
    Push,
    /// Security: what a query found, in the body; reply [`reply::table_count`](crate::reply::table_count).
    QueryData(QueryData<'a>),
    /// Security: the server's time; reply [`security::time`](crate::security::time).
    RtData,
    /// A file of the server. There is none; reply status 404.
    File,
    /// Anything else; reply `OK`.
    Other,
}

/// An upload without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload<'a> {
    /// The table that the body belongs to.
    pub table: Table<'a>,
    /// The cursor that came along. Often only the number that the server gave: never order or de-duplicate by it
    /// (adms 5).
    pub stamp: Option<Cow<'a, str>>,
    /// The body is a gzip tar of lines (`ContentType=tgz`); see [`archive`](crate::archive).
    pub is_tgz: bool,
}

/// The table of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Table<'a> {
    /// Punches; see [`attlog`](crate::attlog).
    AttLog,
    /// Tagged lines of operations and users (OPERLOG, USERINFO); see [`operlog`](crate::operlog).
    OperLog,
    /// Tagged lines of templates, pictures, identity cards or errors, by the table's name (BIODATA, FINGERTMP, IDCARD,
    /// ERRORLOG, ...); see [`operlog`](crate::operlog) too. Nothing in them is needed for attendance.
    Tagged(&'static str),
    /// A photo that was taken at a punch (ATTPHOTO); see [`Photo`](crate::Photo). Reply `OK`.
    Photo,
    /// Settings of the terminal; see [`options`](crate::options). Reply `OK`.
    Options,
    /// Security: events, of which some are punches; see [`security::events`](crate::security::events). Reply `OK`.
    RtLog,
    /// Security: states of doors; see [`security::DoorState`](crate::security::DoorState). Reply `OK`.
    RtState,
    /// Security: records of a table; see [`security::records`](crate::security::records). Reply
    /// [`reply::table_count`](crate::reply::table_count).
    TableData(DataTable<'a>),
    /// A table that this crate does not know, by its name.
    Other(Cow<'a, str>),
}

/// A table of the security dialect (`tablename=`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataTable<'a> {
    /// Users.
    User,
    /// The log of events; it comes as the answer to a query only.
    Transaction,
    /// Templates, pictures, identity cards, errors, and who may pass which door: known, and not needed for attendance.
    NotKept(&'static str),
    /// Another one, by its name.
    Other(Cow<'a, str>),
}

/// What a query found (security).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryData<'a> {
    /// What the body holds.
    pub found: Found<'a>,
    /// The id of the command that asked.
    pub command_id: Option<Cow<'a, str>>,
    /// Number of this packet, and how many there are; long answers are split.
    pub packet: Option<(u32, u32)>,
}

/// The kinds of answers to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// Records of a table (`type=tabledata`).
    Records(DataTable<'a>),
    /// Options (`type=options`); see [`options`](crate::options).
    Options,
    /// Only the number of records (`type=count`).
    Count(DataTable<'a>),
    /// Another type, by its name.
    Other(Cow<'a, str>),
}

impl<'a> Table<'a> {
    fn named(name: Cow<'a, str>, query: &'a str) -> Self {
        const TAGGED: [&str; 10] = [
            "BIODATA",
            "BIOPHOTO",
            "ERRORLOG",
            "FACE",
            "FINGERTMP",
            "FVEIN",
            "IDCARD",
            "TEMPLATEV10",
            "USERPIC",
            "WORKCODE",
        ];
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("ATTLOG") {
            Table::AttLog
        } else if is("OPERLOG") || is("USERINFO") {
            Table::OperLog
        } else if is("ATTPHOTO") {
            Table::Photo
        } else if is("options") {
            Table::Options
        } else if is("rtlog") {
            Table::RtLog
        } else if is("rtstate") {
            Table::RtState
        } else if is("tabledata") {
            Table::TableData(DataTable::of(query))
        } else if let Some(known) = TAGGED.into_iter().find(|known| is(known)) {
            Table::Tagged(known)
        } else {
            Table::Other(name)
        }
    }
}

impl<'a> DataTable<'a> {
    fn of(query: &'a str) -> Self {
        const NOT_KEPT: [&str; 9] = [
            "biodata",
            "biophoto",
            "errorlog",
            "extuser",
            "identitycard",
            "mulcarduser",
            "templatev10",
            "userauthorize",
            "userpic",
        ];
        let name = value(query, "tablename").unwrap_or_default();
        let is = |known: &str| name.trim().eq_ignore_ascii_case(known);
        if is("user") {
            Self::User
        } else if is("transaction") {
            Self::Transaction
        } else if let Some(known) = NOT_KEPT.into_iter().find(|known| is(known)) {
            Self::NotKept(known)
        } else {
            Self::Other(name)
        }
    }

    /// Its name, as a reply wants it.
    pub fn name(&self) -> &str {
        match self {
            Self::User => "user",
            Self::Transaction => "transaction",
            Self::NotKept(name) => name,
            Self::Other(name) => name,
        }
    }
}

impl<'a> Request<'a> {
    /// Classifies a request. `path` may have any case, `.aspx` and slashes at its end; `query` is the part after `?`
    /// as it came. Never fails: what is not known is [`Call::Other`].
    pub fn read(method: Method, path: &'a str, query: &'a str) -> Self {
        let word = |name| value(query, name).map(trimmed).filter(|word| !word.is_empty());
        let shown = Shown {
            path: before_iclock(path).filter(|before| !before.is_empty()).map(query::decode),
            com_key: word("ComKey"),
            push_comm_key: word("pushcommkey"),
        };
        let name = endpoint(path);
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let call = match method {
            Method::Get if is("cdata") => read_cdata(query),
            Method::Post if is("cdata") || is("fdata") => upload(query),
            Method::Get if is("getrequest") => Call::GetRequest { info: value(query, "INFO") },
            Method::Post if is("devicecmd") => Call::DeviceCmd,
            Method::Get | Method::Post if is("ping") => Call::Ping,
            Method::Get | Method::Post if is("exchange") => Call::Exchange,
            Method::Get | Method::Post if is("registry") => Call::Registry,
            Method::Get | Method::Post if is("push") => Call::Push,
            Method::Post if is("querydata") => Call::QueryData(query_data(query)),
            Method::Get | Method::Post if is("rtdata") => Call::RtData,
            Method::Get if is("file") => Call::File,
            _ => Call::Other,
        };
        Self { serial: word("SN"), shown, call }
    }
}

impl Call<'_> {
    /// The dialect that a terminal speaks when it makes this call; `None` where both do.
    pub fn dialect(&self) -> Option<Dialect> {
        match self {
            Self::Handshake(request) => Some(request.dialect()),
            Self::Registry | Self::Push | Self::QueryData(_) | Self::RtData => Some(Dialect::Security),
            Self::Upload(upload) => match upload.table {
                Table::RtLog | Table::RtState | Table::TableData(_) => Some(Dialect::Security),
                Table::AttLog | Table::OperLog => Some(Dialect::Attendance),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What stands before `/iclock` in a path, without slashes around it; empty where nothing does. `None` for a path that does
/// not lead there.
pub fn before_iclock(path: &str) -> Option<&str> {
    let mut start = 0;
    for part in path.split('/') {
        if part.eq_ignore_ascii_case("iclock") {
            return path.get(..start).map(|before| before.trim_matches('/'));
        }
        start += part.len() + 1;
    }
    None
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown")
            .field("path", &self.path.is_some())
            .field("com_key", &self.com_key.is_some())
            .field("push_comm_key", &self.push_comm_key.is_some())
            .finish()
    }
}

/// The last word of the path: `cdata` of `/iclock/CDATA.aspx/`.
fn endpoint(path: &str) -> &str {
    let name = path.trim_matches('/').rsplit('/').next().unwrap_or_default();
    match name.len().checked_sub(5).and_then(|at| name.split_at_checked(at)) {
        Some((stem, suffix)) if suffix.eq_ignore_ascii_case(".aspx") => stem,
        _ => name,
    }
}

/// GET cdata is the handshake unless it asks for the time or about somebody.
fn read_cdata(query: &str) -> Call<'_> {
    let is = |key, known: &str| value(query, key).is_some_and(|value| value.eq_ignore_ascii_case(known));
    if is("type", "time") {
        Call::Time
    } else if is("type", "LastPunch") || is("table", "RemoteAtt") || is("table", "SELFSERVICEDATA") {
        Call::Question { pin: value(query, "PIN") }
    } else if value(query, "type").is_some() || value(query, "table").is_some() {
        Call::Other
    } else {
        Call::Handshake(HandshakeRequest::read(query))
    }
}

fn upload(query: &str) -> Call<'_> {
    let is = |key, known: &str| value(query, key).is_some_and(|value| value.eq_ignore_ascii_case(known));
    if is("type", "PostVerifyData") || is("AuthType", "device") {
        return Call::Verify;
    }
    let Some(name) = value(query, "table") else { return Call::Other };
    Call::Upload(Upload {
        table: Table::named(name, query),
        stamp: query::pairs(query).find(|(key, _)| ends_with_stamp(key)).map(|(_, stamp)| stamp),
        is_tgz: is("ContentType", "tgz"),
    })
}

fn query_data(query: &str) -> QueryData<'_> {
    let kind = value(query, "type").unwrap_or_default();
    let is = |known: &str| kind.eq_ignore_ascii_case(known);
    let number = |key| value(query, key).and_then(|number| number.trim().parse().ok());
    let found = if is("tabledata") {
        Found::Records(DataTable::of(query))
    } else if is("options") {
        Found::Options
    } else if is("count") {
        Found::Count(DataTable::of(query))
    } else {
        Found::Other(kind)
    };
    QueryData { found, command_id: value(query, "cmdid"), packet: number("packidx").zip(number("packcnt")) }
}

/// `Stamp`, `OpStamp`, `PhotoStamp`, `ATTLOGStamp`, ...
fn ends_with_stamp(key: &str) -> bool {
    let key = key.as_bytes();
    key.len().checked_sub(5).and_then(|at| key.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(b"stamp"))
}

pub(crate) fn value<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    query::pairs(query).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn trimmed(value: Cow<'_, str>) -> Cow<'_, str> {
    let is_padding = |c: char| c == '\0' || c.is_ascii_whitespace();
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_padding)),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(is_padding).to_owned()),
    }
}
