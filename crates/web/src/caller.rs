//! Where a request comes from: the other end of its connection, or whom a trusted proxy names.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use crate::app::App;

/// The address of whoever makes a request; `None` where the router is used without a listener.
pub(crate) struct Caller(pub(crate) Option<IpAddr>);

impl FromRequestParts<App> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        Ok(Self(peer.map(|ConnectInfo(peer)| link::caller(peer.ip(), forwarded, &app.config.trusted_proxies))))
    }
}
