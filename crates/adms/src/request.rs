//! What a request is about, from its method, path and query (adms 3).

use std::borrow::Cow;

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
    /// What the terminal wants.
    pub call: Call<'a>,
}

/// What a terminal wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call<'a> {
    /// The opening request for the settings block; reply [`HandshakeReply`](crate::HandshakeReply).
    Handshake(HandshakeRequest<'a>),
    /// Records in the body; reply [`ok_count`](crate::reply::ok_count) after they are stored.
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
    /// The body is a gzip tar of lines (`ContentType=tgz`).
    pub is_tgz: bool,
}

/// The table of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Table<'a> {
    /// Punches; see [`attlog`](crate::attlog).
    AttLog,
    /// Tagged lines of operations and users (OPERLOG, USERINFO); see [`operlog`](crate::operlog).
    OperLog,
    /// Settings of the terminal; see [`options`](crate::options).
    Options,
    /// Templates, photos, identity cards: personal data that is answered and not kept.
    NotKept,
    /// A table that this crate does not know, by its name.
    Other(Cow<'a, str>),
}

impl Table<'_> {
    fn named(name: Cow<'_, str>) -> Table<'_> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        const NOT_KEPT: [&str; 9] =
            ["ATTPHOTO", "BIODATA", "BIOPHOTO", "FACE", "FINGERTMP", "FVEIN", "IDCARD", "USERPIC", "TEMPLATEV10"];
        if is("ATTLOG") {
            Table::AttLog
        } else if is("OPERLOG") || is("USERINFO") {
            Table::OperLog
        } else if is("options") {
            Table::Options
        } else if NOT_KEPT.into_iter().any(is) {
            Table::NotKept
        } else {
            Table::Other(name)
        }
    }
}

impl<'a> Request<'a> {
    /// Classifies a request. `path` may have any case, `.aspx` and slashes at its end; `query` is the part after `?`
    /// as it came. Never fails: what is not known is [`Call::Other`].
    pub fn read(method: Method, path: &str, query: &'a str) -> Self {
        let serial = value(query, "SN").map(trimmed).filter(|serial| !serial.is_empty());
        let name = endpoint(path);
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let call = match method {
            Method::Get if is("cdata") => read_cdata(query),
            Method::Post if is("cdata") || is("fdata") => upload(query),
            Method::Get if is("getrequest") => Call::GetRequest { info: value(query, "INFO") },
            Method::Post if is("devicecmd") => Call::DeviceCmd,
            Method::Get | Method::Post if is("ping") => Call::Ping,
            _ => Call::Other,
        };
        Self { serial, call }
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

/// GET cdata is the handshake unless it asks for the time or a table.
fn read_cdata(query: &str) -> Call<'_> {
    match value(query, "type") {
        Some(kind) if kind.eq_ignore_ascii_case("time") => Call::Time,
        Some(_) => Call::Other,
        None if value(query, "table").is_some() => Call::Other,
        None => Call::Handshake(HandshakeRequest::read(query)),
    }
}

fn upload(query: &str) -> Call<'_> {
    let Some(name) = value(query, "table") else { return Call::Other };
    Call::Upload(Upload {
        table: Table::named(name),
        stamp: query::pairs(query).find(|(key, _)| ends_with_stamp(key)).map(|(_, stamp)| stamp),
        is_tgz: value(query, "ContentType").is_some_and(|kind| kind.eq_ignore_ascii_case("tgz")),
    })
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
