//! Pages, REST, sessions and the live feed of the hub.
//!
//! Invariants:
//! * Every route stands in one table ([`routes`]) with who may use it; one gate in front of each handler holds it
//!   ([`access`]). What is open without login is what the table calls open, and a test compares it with the manual.
//! * Pages work without script and from the keyboard. The only script replaces the board when it changes.
//! * Nothing that a terminal or a person typed reaches a page unescaped: templates escape, drawings use the same
//!   templates, and the content security policy allows neither inline script nor inline style.
//! * The hub's calls block; they run beside the runtime, in one place ([`app::App::ask`]).
#![allow(clippy::disallowed_methods)] // A shell: it reads the clock and draws session tokens.

mod access;
mod api;
mod app;
mod assets;
mod caller;
mod download;
mod failure;
mod feed;
mod forms;
mod governor;
mod headers;
mod health;
mod idempotency;
mod import_form;
mod live;
mod metrics;
mod page;
mod payroll;
mod routes;
mod server;
mod session;
mod show;
mod tls;
mod words;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

pub use link::Network;
pub use page::sheet_print::SheetLayout;
pub use page::sheets::sheet_html;
pub use routes::router;
pub use server::Web;
pub use tls::{Tls, TlsError};

/// What the listener of the hub needs to know.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Address of the listener; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The one-time code with which the first administrator is made, as printed on the console. `None` closes the set-up
    /// page: accounts come from `punchclock user add` only.
    pub setup_code: Option<String>,
    /// The certificate, where the listener speaks TLS itself; `None` behind a proxy that does.
    pub tls: Option<Tls>,
    /// True when the hub is reached by HTTPS only: the session cookie is then never sent in clear.
    pub secure_cookie: bool,
    /// Proxies that are believed whom they call for (`X-Forwarded-For`).
    pub trusted_proxies: Vec<Network>,
    /// An edge that was not heard of for so long is silent.
    pub silent_after: Duration,
    /// A line for the sign-in page of a demonstration: which name and password to use.
    pub demo_hint: Option<String>,
}
