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
    /// Is everything as it was sealed? Walks the chain of evidence and audit, and names the first row that does not hold
    ///
    /// The hub's:   audit verify
    /// A backup:    audit verify --database sqlite:backup.sqlite
    #[command(verbatim_doc_comment)]
    Verify {
        /// The head of the chain as it was told before, to be sure that the chain was not computed anew
        #[arg(long, value_name = "DIGEST", value_parser = digest)]
        head: Option<[u8; 32]>,
    },
}

fn digest(text: &str) -> Result<[u8; 32], String> {
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
        pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| String::from("a head is 64 hexadecimal digits, as `audit verify` prints it"))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TokenKind {
    Edge,
    Api,
}
