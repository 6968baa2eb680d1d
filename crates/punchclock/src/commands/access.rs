//! `user`, `token`, `audit`.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::chance::{bytes, now};
use crate::cli::access::{Audit, Role, Token, TokenKind, User};
use crate::commands::{Context, console, verify};
use crate::show;

pub(super) fn user(context: &Context, command: User) -> anyhow::Result<()> {
    let actor = console();
    match command {
        User::Add { name, role, password_file } => {
            let hub = context.home.hub()?;
            let role = match role {
                Role::Viewer => hub::Role::Viewer,
                Role::Hr => hub::Role::Hr,
                Role::Admin => hub::Role::Admin,
            };
            let password = password(password_file.as_deref())?;
            hub.account_add(&actor, &name, &password, role, bytes()?, now())?;
            show::line(format!("{name} may sign in as {}", role.word()))?;
        }
        User::List => {
            let rows = context.hub()?.accounts()?.into_iter().map(|account| {
                let since = instant(account.created_us);
                vec![json!(account.name), json!(account.role), json!(!account.is_disabled), json!(since)]
            });
            show::rows(context.is_json, &["name", "role", "may sign in", "since"], &rows.collect::<Vec<_>>())?;
        }
        User::Disable { name } => {
            context.hub()?.disable_account(&actor, &name, now())?;
            show::line(format!("{name} can no longer sign in; their sessions have ended"))?;
        }
        User::Password { name, password_file } => {
            let hub = context.hub()?;
            let password = password(password_file.as_deref())?;
            hub.set_password(&actor, &name, &password, bytes()?, now())?;
            show::line(format!("{name} has a new password; their sessions have ended"))?;
        }
    }
    Ok(())
}

pub(super) fn token(context: &Context, command: Token) -> anyhow::Result<()> {
    let actor = console();
    match command {
        Token::Create { name, kind } => {
            let kind = match kind {
                TokenKind::Edge => hub::TokenKind::Edge,
                TokenKind::Api => hub::TokenKind::Api,
            };
            let text = context.home.hub()?.token_create(&actor, &name, kind, bytes()?, now())?;
            show::line(text)?;
            eprintln!("this is the only time that the token is shown; put it in a file that only its user may read");
        }
        Token::List => {
            let rows = context.hub()?.tokens()?.into_iter().map(|token| {
                let (created, revoked) = (instant(token.created_us), token.revoked_us.map(instant));
                vec![json!(token.name), json!(token.kind), json!(created), json!(revoked)]
            });
            show::rows(context.is_json, &["name", "kind", "created", "revoked"], &rows.collect::<Vec<_>>())?;
        }
        Token::Revoke { name } => {
            context.hub()?.token_revoke(&actor, &name, now())?;
            show::line(format!("token {name} opens nothing any more"))?;
        }
    }
    Ok(())
}

pub(super) fn audit(context: &Context, command: &Audit) -> anyhow::Result<()> {
    let limit = match command {
        Audit::List { limit } => limit,
        Audit::Verify { head } => return verify::run(context, *head),
    };
    let rows = context.hub()?.audit(*limit)?.into_iter().map(|entry| {
        let at = instant(entry.at_us);
        vec![json!(at), json!(entry.actor), json!(entry.action), json!(entry.object), json!(entry.detail)]
    });
    Ok(show::rows(context.is_json, &["at", "who", "action", "object", "detail"], &rows.collect::<Vec<_>>())?)
}

fn instant(us: i64) -> String {
    show::instant(Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH), &TimeZone::UTC)
}

/// A password: from a file, asked for on a terminal, or the first line of a pipe.
fn password(file: Option<&Path>) -> anyhow::Result<String> {
    if let Some(file) = file {
        let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    if !std::io::stdin().is_terminal() {
        let line = std::io::stdin().lock().lines().next();
        return line
            .context("no password came; give one with --password-file, or pipe it in")?
            .context("the password can't be read");
    }
    let first = rpassword::prompt_password("Password: ")?;
    if first != rpassword::prompt_password("Again: ")? {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}
