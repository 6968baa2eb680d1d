//! The stylesheet, the script of the board and the icon: embedded, served under a name that changes with the content.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::failure::Failure;

/// A file that is part of the executable.
pub(crate) struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    hash: u64,
}

impl Asset {
    const fn new(name: &'static str, kind: &'static str, text: &'static str) -> Self {
        Self { name, kind, text, hash: fnv(text.as_bytes()) }
    }

    /// What is in it.
    pub(crate) fn text(&self) -> &'static str {
        self.text
    }

    /// Its address.
    pub(crate) fn path(&self) -> String {
        format!("/static/{:016x}-{}", self.hash, self.name)
    }
}

pub(crate) static STYLE: Asset =
    Asset::new("style.css", "text/css; charset=utf-8", include_str!("../assets/style.css"));
pub(crate) static SHEET: Asset =
    Asset::new("sheet.css", "text/css; charset=utf-8", include_str!("../assets/sheet.css"));
pub(crate) static LIVE: Asset =
    Asset::new("live.js", "text/javascript; charset=utf-8", include_str!("../assets/live.js"));
pub(crate) static ICON: Asset = Asset::new("icon.svg", "image/svg+xml", include_str!("../assets/icon.svg"));

/// `GET /static/{file}`
pub(crate) async fn serve(Path(file): Path<String>) -> Result<Response, Failure> {
    let wanted =
        [&STYLE, &SHEET, &LIVE, &ICON].into_iter().find(|asset| asset.path().strip_prefix("/static/") == Some(&file));
    let asset = wanted.ok_or_else(|| Failure::not_found("There is no such file."))?;
    let cache = HeaderValue::from_static("public, max-age=31536000, immutable");
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)), (header::CACHE_CONTROL, cache)], asset.text)
        .into_response())
}

/// FNV-1a: tells one version of a file from another, at compile time.
const fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
