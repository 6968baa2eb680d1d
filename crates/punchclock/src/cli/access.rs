//! Arguments of who may do what, and who did: `user`, `token`, `audit`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person; the password is asked for
    Add {
        /// Sign-in name
        name: String,
        /// What they may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// Take the password from this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Who may sign in
    List,
    /// End a person's access now
    Disable {
        /// Sign-in name
        name: String,
    },
    /// Set a password; it is asked for
    Password {
        /// Sign-in name
        name: String,
        /// Take the password from this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    Viewer,
    Hr,
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token; it is printed once
    Create {
        /// Its name
        name: String,
        /// What it is for
        #[arg(long, value_enum)]
        kind: TokenKind,
    },
    /// All tokens
    List,
    /// End a token now
    Revoke {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// The newest entries
    List {
        /// Most entries
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TokenKind {
    Edge,
    Api,
}
