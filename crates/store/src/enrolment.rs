//! Edges on their way in: invitations, and tokens that were given and not shown yet. Secrets are stored as hashes only.

use crate::access::Token;
use crate::engine::params;
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    INVITATION_PUT = "INSERT INTO invitation (tenant, edge, token_hash, created_us, expires_us) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, edge) DO UPDATE SET token_hash = excluded.token_hash, created_us = excluded.created_us,
        expires_us = excluded.expires_us";
    INVITATION_GET = "SELECT edge FROM invitation WHERE tenant = $1 AND token_hash = $2 AND expires_us > $3";
    INVITATION_OF = "SELECT edge FROM invitation WHERE tenant = $1 AND edge = $2";
    INVITATION_DROP = "DELETE FROM invitation WHERE tenant = $1 AND edge = $2";
    NEXT_PUT = "INSERT INTO next_token (tenant, name, token_hash, created_us) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, name) DO UPDATE SET token_hash = excluded.token_hash, created_us = excluded.created_us";
    NEXT_GET = "SELECT name, created_us FROM next_token WHERE tenant = $1 AND token_hash = $2";
    NEXT_DROP = "DELETE FROM next_token WHERE tenant = $1 AND name = $2";
    TOKEN_TAKE = "INSERT INTO token (tenant, name, kind, token_hash, created_us, revoked_us) VALUES ($1, $2, $3, $4, $5, NULL)
        ON CONFLICT (tenant, name) DO UPDATE SET token_hash = excluded.token_hash, created_us = excluded.created_us,
        revoked_us = NULL WHERE token.kind = excluded.kind";
}

impl Read<'_> {
    /// The edge that a one-time token invites; `None` when it is unknown or its time is up.
    ///
    /// # Errors
    /// Of the store.
    pub fn invited(&self, token_hash: &[u8; 32], now_us: i64) -> Result<Option<String>, Error> {
        self.one(INVITATION_GET, params![self.tenant, token_hash, now_us], |row| row.get(0))
    }

    /// Whether an edge is invited, or was until its time was up.
    ///
    /// # Errors
    /// Of the store.
    pub fn has_invitation(&self, edge: &str) -> Result<bool, Error> {
        Ok(self.one(INVITATION_OF, params![self.tenant, edge], |row| row.get::<String>(0))?.is_some())
    }

    /// Name and time of a token that was given and not shown yet.
    ///
    /// # Errors
    /// Of the store.
    pub fn next_token(&self, token_hash: &[u8; 32]) -> Result<Option<(String, i64)>, Error> {
        self.one(NEXT_GET, params![self.tenant, token_hash], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Write<'_> {
    /// Invites an edge; a former invitation of it ends.
    ///
    /// # Errors
    /// Of the store.
    pub fn invite(&self, edge: &str, token_hash: &[u8; 32], now_us: i64, expires_us: i64) -> Result<(), Error> {
        self.run(INVITATION_PUT, params![self.tenant, edge, token_hash, now_us, expires_us]).map(drop)
    }

    /// Keeps the token that an edge is given until it is shown; a former one that was not shown is forgotten.
    ///
    /// # Errors
    /// Of the store.
    pub fn put_next_token(&self, name: &str, token_hash: &[u8; 32], now_us: i64) -> Result<(), Error> {
        self.run(NEXT_PUT, params![self.tenant, name, token_hash, now_us]).map(drop)
    }

    /// Puts a token in the place of the one before, revoked or not; false when the name is that of a token of another kind.
    ///
    /// # Errors
    /// Of the store.
    pub fn take_token(&self, token: &Token, token_hash: &[u8; 32]) -> Result<bool, Error> {
        let values = params![self.tenant, token.name, token.kind, token_hash, token.created_us];
        Ok(self.run(TOKEN_TAKE, values)? == 1)
    }

    /// Ends the invitation of an edge and forgets a token that it has not shown; returns how many of them there were.
    ///
    /// # Errors
    /// Of the store.
    pub fn end_enrolment(&self, name: &str) -> Result<usize, Error> {
        let invitations = self.run(INVITATION_DROP, params![self.tenant, name])?;
        Ok(invitations + self.run(NEXT_DROP, params![self.tenant, name])?)
    }
}
