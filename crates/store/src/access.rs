//! Accounts, sessions and tokens. Secrets are stored as hashes only.

use crate::engine::{Row, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    ACCOUNT_COUNT = "SELECT COUNT(*) FROM account WHERE tenant = $1";
    ACCOUNT_GET = "SELECT name, password_hash, role, is_disabled, created_us FROM account WHERE tenant = $1 AND name = $2";
    ACCOUNT_LIST = "SELECT name, password_hash, role, is_disabled, created_us FROM account WHERE tenant = $1 ORDER BY name";
    ACCOUNT_ADD = "INSERT INTO account (tenant, name, password_hash, role, is_disabled, created_us)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, name) DO NOTHING";
    ACCOUNT_PASSWORD = "UPDATE account SET password_hash = $1 WHERE tenant = $2 AND name = $3";
    ACCOUNT_DISABLE = "UPDATE account SET is_disabled = 1 WHERE tenant = $1 AND name = $2";
    SESSION_ADD = "INSERT INTO session (tenant, token_hash, account, expires_us) VALUES ($1, $2, $3, $4)";
    SESSION_GET = "SELECT a.name, a.role FROM session s JOIN account a ON a.tenant = s.tenant AND a.name = s.account
        WHERE s.tenant = $1 AND s.token_hash = $2 AND s.expires_us > $3 AND a.is_disabled = 0";
    SESSION_DROP = "DELETE FROM session WHERE tenant = $1 AND token_hash = $2";
    SESSION_DROP_OF = "DELETE FROM session WHERE tenant = $1 AND account = $2";
    SESSION_EXPIRE = "DELETE FROM session WHERE tenant = $1 AND expires_us <= $2";
    TOKEN_ADD = "INSERT INTO token (tenant, name, kind, token_hash, created_us, revoked_us)
        VALUES ($1, $2, $3, $4, $5, NULL) ON CONFLICT (tenant, name) DO NOTHING";
    TOKEN_GET = "SELECT name, kind, created_us, revoked_us FROM token WHERE tenant = $1 AND token_hash = $2 AND revoked_us IS NULL";
    TOKEN_NAMED = "SELECT name, kind, created_us, revoked_us FROM token WHERE tenant = $1 AND name = $2";
    TOKEN_LIST = "SELECT name, kind, created_us, revoked_us FROM token WHERE tenant = $1 ORDER BY name";
    TOKEN_REVOKE = "UPDATE token SET revoked_us = $1 WHERE tenant = $2 AND name = $3 AND revoked_us IS NULL";
}

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Sign-in name.
    pub name: String,
    /// PHC string of the password's hash.
    pub password_hash: String,
    /// Role word.
    pub role: String,
    /// A disabled account can't sign in and its sessions end.
    pub is_disabled: bool,
    /// When it was made, microseconds UTC.
    pub created_us: i64,
}

/// A token of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name, unique.
    pub name: String,
    /// `edge` or `api`, or what it opens of one employee.
    pub kind: String,
    /// When it was made, microseconds UTC.
    pub created_us: i64,
    /// When it was revoked, microseconds UTC.
    pub revoked_us: Option<i64>,
}

fn account(row: &Row<'_>) -> Result<Account, Error> {
    Ok(Account {
        name: row.get(0)?,
        password_hash: row.get(1)?,
        role: row.get(2)?,
        is_disabled: row.get::<i64>(3)? != 0,
        created_us: row.get(4)?,
    })
}

fn token(row: &Row<'_>) -> Result<Token, Error> {
    Ok(Token { name: row.get(0)?, kind: row.get(1)?, created_us: row.get(2)?, revoked_us: row.get(3)? })
}

impl Read<'_> {
    /// How many accounts there are.
    ///
    /// # Errors
    /// Of the store.
    pub fn account_count(&self) -> Result<u64, Error> {
        Ok(self.one(ACCOUNT_COUNT, params![self.tenant], |row| row.get(0))?.unwrap_or(0))
    }

    /// One account.
    ///
    /// # Errors
    /// Of the store.
    pub fn account(&self, name: &str) -> Result<Option<Account>, Error> {
        self.one(ACCOUNT_GET, params![self.tenant, name], account)
    }

    /// All accounts by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.all(ACCOUNT_LIST, params![self.tenant], account)
    }

    /// Name and role behind a live session.
    ///
    /// # Errors
    /// Of the store.
    pub fn session(&self, token_hash: &[u8; 32], now_us: i64) -> Result<Option<(String, String)>, Error> {
        self.one(SESSION_GET, params![self.tenant, token_hash, now_us], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The token of a hash, unless it is revoked.
    ///
    /// # Errors
    /// Of the store.
    pub fn token(&self, token_hash: &[u8; 32]) -> Result<Option<Token>, Error> {
        self.one(TOKEN_GET, params![self.tenant, token_hash], token)
    }

    /// The token of a name, revoked or not.
    ///
    /// # Errors
    /// Of the store.
    pub fn token_named(&self, name: &str) -> Result<Option<Token>, Error> {
        self.one(TOKEN_NAMED, params![self.tenant, name], token)
    }

    /// All tokens by name, revoked ones included.
    ///
    /// # Errors
    /// Of the store.
    pub fn tokens(&self) -> Result<Vec<Token>, Error> {
        self.all(TOKEN_LIST, params![self.tenant], token)
    }
}

impl Write<'_> {
    /// Adds an account; false when the name is taken.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_account(&self, account: &Account) -> Result<bool, Error> {
        let Account { name, password_hash, role, is_disabled, created_us } = account;
        let values = params![self.tenant, name, password_hash, role, i64::from(*is_disabled), created_us];
        Ok(self.run(ACCOUNT_ADD, values)? == 1)
    }

    /// Sets a password and ends the account's sessions; false when there is no such account.
    ///
    /// # Errors
    /// Of the store.
    pub fn set_password(&self, name: &str, password_hash: &str) -> Result<bool, Error> {
        self.run(SESSION_DROP_OF, params![self.tenant, name])?;
        Ok(self.run(ACCOUNT_PASSWORD, params![password_hash, self.tenant, name])? == 1)
    }

    /// Disables an account and ends its sessions; false when there is no such account.
    ///
    /// # Errors
    /// Of the store.
    pub fn disable_account(&self, name: &str) -> Result<bool, Error> {
        self.run(SESSION_DROP_OF, params![self.tenant, name])?;
        Ok(self.run(ACCOUNT_DISABLE, params![self.tenant, name])? == 1)
    }

    /// Opens a session, and drops those that have expired.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_session(&self, token_hash: &[u8; 32], account: &str, now_us: i64, expires_us: i64) -> Result<(), Error> {
        self.run(SESSION_EXPIRE, params![self.tenant, now_us])?;
        self.run(SESSION_ADD, params![self.tenant, token_hash, account, expires_us]).map(drop)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_session(&self, token_hash: &[u8; 32]) -> Result<(), Error> {
        self.run(SESSION_DROP, params![self.tenant, token_hash]).map(drop)
    }

    /// Adds a token; false when the name is taken.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_token(&self, token: &Token, token_hash: &[u8; 32]) -> Result<bool, Error> {
        let values = params![self.tenant, token.name, token.kind, token_hash, token.created_us];
        Ok(self.run(TOKEN_ADD, values)? == 1)
    }

    /// Revokes a token, with what was given to take its place and an open invitation of its edge; false when there is nothing
    /// of it.
    ///
    /// # Errors
    /// Of the store.
    pub fn revoke_token(&self, name: &str, now_us: i64) -> Result<bool, Error> {
        let revoked = self.run(TOKEN_REVOKE, params![now_us, self.tenant, name])?;
        Ok(revoked + self.end_enrolment(name)? > 0)
    }
}
