//! The listener.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener, ListenerExt as _};
use hub::Hub;
use tokio::net::TcpListener;

use crate::WebConfig;
use crate::app::App;
use crate::tls::TlsListener;

/// Open requests get this long to end after the shutdown was asked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The bound listener of a hub.
pub struct Web {
    /// Where it listens.
    pub local_addr: SocketAddr,
    listener: TcpListener,
    app: App,
    router: Router,
}

impl Web {
    /// Binds the listener; nothing is served before [`Web::run`].
    ///
    /// # Errors
    /// When the address can't be bound.
    pub async fn bind(hub: Hub, config: WebConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let app = App::new(hub, config);
        let router = crate::routes::build(&app);
        Ok(Self { local_addr: listener.local_addr()?, listener, app, router })
    }

    /// Serves until `shutdown` resolves, then ends live feeds and gives open requests a few seconds.
    ///
    /// # Errors
    /// Of the listener.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        match self.app.config.tls.clone() {
            None => serve(self.listener, self.router, self.app, shutdown).await,
            // The wrapper is what tells handlers the address of the other end.
            Some(tls) => {
                serve(TlsListener::new(self.listener, tls).tap_io(|_| ()), self.router, self.app, shutdown).await
            }
        }
    }
}

async fn serve<L>(
    listener: L,
    router: Router,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()>
where
    L: Listener<Addr = SocketAddr>,
    SocketAddr: for<'a> Connected<IncomingStream<'a, L>>,
{
    let mut is_closing = app.is_closing.subscribe();
    let close = async move {
        shutdown.await;
        app.is_closing.send_replace(true);
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(close).into_future();
    let out_of_patience = async {
        if is_closing.wait_for(|closing| *closing).await.is_ok() {
            tokio::time::sleep(PATIENCE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = serving => ended,
        () = out_of_patience => Ok(()),
    }
}
