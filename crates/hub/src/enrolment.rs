//! How an edge gets its token, and a new one before that is old.
//!
//! Invariants:
//! * A code gives tokens to one edge until its time is up or the edge has shown one of them; each takes the place of the one
//!   that was given before and not shown. So an answer that was lost costs another try, and a code that was used opens nothing.
//! * An edge's old token holds until the new one is shown. From then on it opens nothing.
//! * `token revoke` ends all of it at once: the token, the one given and not shown, and the invitation. `edge forget` does the same
//!   to an edge that is gone for good, and frees its terminals for others. What it brought stays.

use jiff::{SignedDuration, Timestamp};
use link::enrol;
use store::Read;
use store::access::Token;

use crate::access::{hash_token, token_text};
use crate::resolve::instant;
use crate::watch::drop_notices;
use crate::{Actor, Bearer, Error, Hub, TokenKind};

/// Days after which an edge is asked to fetch a new token.
pub const TOKEN_DAYS: i64 = 30;
const LONGEST_VALID: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What goes, and what stays, when an edge is forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// When it was heard of last; `None` for one that never called.
    pub last_seen: Option<Timestamp>,
    /// Entries that it had not sent when it was heard of last: only its own disk has them.
    pub queued: i64,
    /// Serials of the terminals that it saw last; any edge may answer for them from then on.
    pub terminals: Vec<String>,
}

impl Bearer {
    /// Whether the token is so old that its edge shall fetch another.
    pub fn is_old(&self, now: Timestamp) -> bool {
        self.kind == TokenKind::Edge && now.duration_since(self.since) >= SignedDuration::from_hours(24 * TOKEN_DAYS)
    }
}

impl Hub {
    /// Invites an edge: whoever shows the token of these 32 random bytes within the time gets the token of that name. A former
    /// invitation of the edge ends; its token, if it has one, holds until a new one is shown.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad name, one that belongs to an API token, or a time over 30 days.
    pub fn edge_invite(
        &self,
        actor: &Actor,
        name: &str,
        secret: [u8; 32],
        valid: SignedDuration,
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        if name.trim() != name || name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
            let cure = "name it after its branch, like `cebu`";
            return Err(Error::invalid("an edge needs a name of 1 to 100 characters", cure));
        }
        if valid <= SignedDuration::ZERO || valid > LONGEST_VALID {
            return Err(Error::invalid("a code is valid for up to 30 days", "choose a time like 24h"));
        }
        let expires = now.saturating_add(valid).unwrap_or(now);
        let hash = hash_token(enrol::token(&secret).as_bytes());
        self.store.write(|write| {
            if write.token_named(name)?.is_some_and(|token| token.kind != TokenKind::Edge.word()) {
                return Err(Error::invalid(format!("{name} is the name of an API token"), "choose another"));
            }
            write.end_enrolment(name)?;
            write.invite(name, &hash, now.as_microsecond(), expires.as_microsecond())?;
            Ok(write.audit(&actor.entry(now, "edge.invite", name, format!("until {expires}")))?)
        })?;
        Ok(expires)
    }

    /// The edge that a one-time token invites; `None` when it is unknown, used, or its time is up.
    ///
    /// # Errors
    /// Of the store.
    pub fn invited(&self, token: &str, now: Timestamp) -> Result<Option<String>, Error> {
        let hash = hash_token(token.trim().as_bytes());
        Ok(self.store.read(|read| read.invited(&hash, now.as_microsecond()))?)
    }

    /// Gives an edge a token, made of 32 random bytes. It counts from when it is shown; until then the one before does.
    ///
    /// # Errors
    /// Of the store.
    pub fn next_token(&self, edge: &str, random: [u8; 32], now: Timestamp) -> Result<String, Error> {
        let text = token_text(&random);
        let hash = hash_token(text.as_bytes());
        self.store.write(|write| write.put_next_token(edge, &hash, now.as_microsecond()))?;
        Ok(text)
    }

    /// Puts a token that is shown for the first time in the place of the one before.
    pub(crate) fn take_next_token(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Token>, Error> {
        self.store.write(|write| {
            // It may have been taken, or revoked, since somebody looked.
            let Some((name, created_us)) = write.next_token(hash)? else { return Ok(write.token(hash)?) };
            let token = Token { name, kind: TokenKind::Edge.word().to_owned(), created_us, revoked_us: None };
            if !write.take_token(&token, hash)? {
                return Ok(None);
            }
            write.end_enrolment(&token.name)?;
            let actor = Actor::new(format!("edge:{}", token.name));
            write.audit(&actor.entry(now, "token.take", &token.name, "the one before opens nothing any more"))?;
            Ok(Some(token))
        })
    }

    /// What would go if an edge was forgotten.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a name that no edge has or had.
    pub fn edge_farewell(&self, name: &str) -> Result<Farewell, Error> {
        self.store.read(|read| farewell(read, name))
    }

    /// Forgets an edge that is gone for good: its token and invitation open nothing any more, it is not listed nor told of any
    /// more, and others may answer for its terminals. Every punch that it brought stays. Should it be invited again under this name,
    /// it sends what its spool still has once more, and nothing counts twice.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a name that no edge has or had.
    pub fn edge_forget(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<Farewell, Error> {
        self.store.write(|write| {
            let gone = farewell(write, name)?;
            write.revoke_token(name, now.as_microsecond())?;
            write.free_terminals_of(name)?;
            write.drop_edge(name)?;
            drop_notices(write, Some(name))?;
            let terminals = if gone.terminals.is_empty() { "none".to_owned() } else { gone.terminals.join(", ") };
            let detail = format!("it had {} entries not sent; terminals: {terminals}", gone.queued);
            write.audit(&actor.entry(now, "edge.forget", name, detail))?;
            Ok(gone)
        })
    }
}

fn farewell(read: &Read<'_>, name: &str) -> Result<Farewell, Error> {
    let (edge, token) = (read.edge(name)?, read.token_named(name)?);
    if edge.is_none() && token.is_none_or(|token| token.kind != TokenKind::Edge.word()) {
        return Err(Error::NotFound(format!("edge {name}")));
    }
    Ok(Farewell {
        last_seen: edge.as_ref().map(|edge| instant(edge.last_seen_us)),
        queued: edge.map_or(0, |edge| edge.queued),
        terminals: read.seen_by(name)?,
    })
}
