//! Accounts, sessions and tokens. Passwords are stored as Argon2id hashes; session and API tokens as BLAKE3 hashes of
//! 32 random bytes that the caller drew.

use std::net::IpAddr;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use jiff::{Timestamp, ToSpan as _};
use store::access::{Account, Token};

use crate::sheets::feed::KIND;
use crate::{Actor, Error, Hub};

const SESSION_HOURS: i64 = 12;
const SHORTEST_PASSWORD: usize = 10;
const LONGEST_PASSWORD: usize = 200;
const TOKEN_PREFIX: &str = "pc_";

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees.
    Viewer,
    /// Sees, and cures held punches.
    Hr,
    /// Everything.
    Admin,
}

impl Role {
    /// The word in tables and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Hr => "hr",
            Self::Admin => "admin",
        }
    }

    /// The role of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Hr, Self::Admin].into_iter().find(|role| role.word() == word)
    }
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Account name.
    pub name: String,
    /// Its role.
    pub role: Role,
}

/// What a token is for. A token of one kind opens nothing of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An edge: ingest and heartbeat only.
    Edge,
    /// The REST interface, reading.
    Api,
}

impl TokenKind {
    /// The word in tables and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Api => "api",
        }
    }
}

/// The program behind a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The token's name.
    pub name: String,
    /// What it is for.
    pub kind: TokenKind,
    /// When the token was made.
    pub since: Timestamp,
}

impl Hub {
    /// Whether anybody can sign in yet.
    ///
    /// # Errors
    /// Of the store.
    pub fn has_account(&self) -> Result<bool, Error> {
        Ok(self.store.read(|read| read.account_count())? > 0)
    }

    /// All accounts by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn accounts(&self) -> Result<Vec<Account>, Error> {
        Ok(self.store.read(|read| read.accounts())?)
    }

    /// Adds an account. `salt` is 16 random bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad or taken name, or a password that is too short.
    pub fn account_add(
        &self,
        actor: &Actor,
        name: &str,
        password: &str,
        role: Role,
        salt: [u8; 16],
        now: Timestamp,
    ) -> Result<(), Error> {
        let name = name.trim();
        if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
            return Err(Error::invalid("an account needs a name of 1 to 100 characters", "choose another name"));
        }
        let account = Account {
            name: name.to_owned(),
            password_hash: hash_password(password, salt)?,
            role: role.word().to_owned(),
            is_disabled: false,
            created_us: now.as_microsecond(),
        };
        self.store.write(|write| {
            if !write.add_account(&account)? {
                return Err(Error::invalid(format!("the name {name} is taken"), "choose another, or set its password"));
            }
            Ok(write.audit(&actor.entry(now, "account.add", name, role.word()))?)
        })
    }

    /// Sets a password and ends the account's sessions. `salt` is 16 random bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Invalid`] for a password that is too short.
    pub fn set_password(
        &self,
        actor: &Actor,
        name: &str,
        password: &str,
        salt: [u8; 16],
        now: Timestamp,
    ) -> Result<(), Error> {
        let hash = hash_password(password, salt)?;
        self.store.write(|write| {
            if !write.set_password(name, &hash)? {
                return Err(Error::NotFound(format!("account {name}")));
            }
            Ok(write.audit(&actor.entry(now, "account.password", name, ""))?)
        })
    }

    /// Disables an account and ends its sessions.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn disable_account(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            if !write.disable_account(name)? {
                return Err(Error::NotFound(format!("account {name}")));
            }
            Ok(write.audit(&actor.entry(now, "account.disable", name, ""))?)
        })
    }

    /// Checks name and password and opens a session under `token` (32 random bytes). `None` for any wrong pair; it takes
    /// as long whether the name exists or not. The audit trail says `from` where somebody signed in.
    ///
    /// # Errors
    /// Of the store.
    pub fn sign_in(
        &self,
        name: &str,
        password: &str,
        from: Option<IpAddr>,
        now: Timestamp,
        token: [u8; 32],
    ) -> Result<Option<SignedIn>, Error> {
        let account = self.store.read(|read| read.account(name.trim()))?;
        let known = account.as_ref().map_or(NOBODY, |account| account.password_hash.as_str());
        let is_right = password.len() <= LONGEST_PASSWORD && verify(password, known);
        let Some(account) = account.filter(|account| is_right && !account.is_disabled) else { return Ok(None) };
        let expires = now.saturating_add(SESSION_HOURS.hours()).unwrap_or(now);
        self.store.write(|write| {
            write.add_session(&hash_token(&token), &account.name, now.as_microsecond(), expires.as_microsecond())?;
            let detail = from.map_or_else(String::new, |from| format!("from {from}"));
            write.audit(&Actor::new(&account.name).entry(now, "session.open", &account.name, detail))
        })?;
        signed_in(account.name, &account.role).map(Some)
    }

    /// Who a session belongs to; `None` when it has ended.
    ///
    /// # Errors
    /// Of the store.
    pub fn session(&self, token: &[u8; 32], now: Timestamp) -> Result<Option<SignedIn>, Error> {
        let found = self.store.read(|read| read.session(&hash_token(token), now.as_microsecond()))?;
        found.map(|(name, role)| signed_in(name, &role)).transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Of the store.
    pub fn sign_out(&self, token: &[u8; 32]) -> Result<(), Error> {
        Ok(self.store.write(|write| write.drop_session(&hash_token(token)))?)
    }

    /// Makes a token from 32 random bytes and returns its text, which is shown once and never stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the name is taken.
    pub fn token_create(
        &self,
        actor: &Actor,
        name: &str,
        kind: TokenKind,
        random: [u8; 32],
        now: Timestamp,
    ) -> Result<String, Error> {
        let text = token_text(&random);
        let token = Token {
            name: name.to_owned(),
            kind: kind.word().to_owned(),
            created_us: now.as_microsecond(),
            revoked_us: None,
        };
        self.store.write(|write| {
            if !write.add_token(&token, &hash_token(text.as_bytes()))? {
                return Err(Error::invalid(format!("the token name {name} is taken"), "choose another"));
            }
            Ok(write.audit(&actor.entry(now, "token.create", name, kind.word()))?)
        })?;
        Ok(text)
    }

    /// All tokens by name.
    ///
    /// # Errors
    /// Of the store.
    pub fn tokens(&self) -> Result<Vec<Token>, Error> {
        Ok(self.store.read(|read| read.tokens())?)
    }

    /// Revokes a token: from now on it opens nothing. An edge can be invited again under the name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn token_revoke(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            if !write.revoke_token(name, now.as_microsecond())? {
                return Err(Error::NotFound(format!("live token {name}")));
            }
            Ok(write.audit(&actor.entry(now, "token.revoke", name, ""))?)
        })
    }

    /// The program behind a bearer token; `None` when it is unknown or revoked. The new token of an edge, shown for the first
    /// time, takes the place of the old one, which opens nothing from then on.
    ///
    /// # Errors
    /// Of the store.
    pub fn bearer(&self, token: &str, now: Timestamp) -> Result<Option<Bearer>, Error> {
        let hash = hash_token(token.trim().as_bytes());
        let (known, is_next) = self.store.read(|read| {
            let known = read.token(&hash)?;
            let is_next = known.is_none() && read.next_token(&hash)?.is_some();
            Ok::<_, store::Error>((known, is_next))
        })?;
        let found = if is_next { self.take_next_token(&hash, now)? } else { known };
        // The address of a calendar opens that and nothing else.
        let Some(token) = found.filter(|token| !token.kind.starts_with(KIND)) else { return Ok(None) };
        let kind = [TokenKind::Edge, TokenKind::Api].into_iter().find(|kind| kind.word() == token.kind);
        let kind = kind.ok_or_else(|| Error::Damaged { what: "token", detail: format!("kind {}", token.kind) })?;
        let since = Timestamp::from_microsecond(token.created_us).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Some(Bearer { name: token.name, kind, since }))
    }
}

fn signed_in(name: String, role: &str) -> Result<SignedIn, Error> {
    let role =
        Role::from_word(role).ok_or_else(|| Error::Damaged { what: "account", detail: format!("role {role}") })?;
    Ok(SignedIn { name, role })
}

pub(crate) fn hash_token(token: &[u8]) -> [u8; 32] {
    *blake3::hash(token).as_bytes()
}

pub(crate) fn token_text(random: &[u8; 32]) -> String {
    random.iter().fold(TOKEN_PREFIX.to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn hash_password(password: &str, salt: [u8; 16]) -> Result<String, Error> {
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        let what = format!("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters");
        return Err(Error::invalid(what, "choose another"));
    }
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string())
        .map_err(|error| Error::Damaged { what: "password hash", detail: error.to_string() })
}

fn verify(password: &str, hash: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

/// The hash of no password: signing in under an unknown name costs the same as under a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
