//! The live board: one watcher looks whether the data changed and renders the board once for everybody who looks at it.
//!
//! Invariants: there is a watcher exactly while somebody looks, so an idle hub does nothing; a viewer who connects, or
//! connects again, gets the present board first; a feed ends after a while, and the browser's new connection is checked
//! by the gate like any other request.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::App;
use crate::failure::Failure;
use crate::page::board;

/// How often the watcher looks for a change.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The board is rendered this often even without a change: a new day begins, somebody's shift ends.
const RENDER_EVERY: Duration = Duration::from_secs(30);
/// A feed ends after this time; the browser comes back.
const LONGEST_FEED: Duration = Duration::from_secs(600);

/// The rendered board, as each viewer last saw it.
type Feed = watch::Sender<Arc<str>>;

/// The running watcher's feed, if somebody looks.
#[derive(Default)]
pub(crate) struct Live {
    feed: Mutex<Option<Feed>>,
}

impl Live {
    /// Joins the feed, and starts its watcher for the first viewer.
    fn join(&self, app: &App) -> watch::Receiver<Arc<str>> {
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = &*feed {
            return feed.subscribe();
        }
        let (started, viewer) = watch::channel(Arc::from(""));
        tokio::spawn(watch_board(app.clone(), started.clone()));
        *feed = Some(started);
        viewer
    }

    /// Ends the feed if nobody looks any more.
    fn is_over(&self, running: &Feed) -> bool {
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = running.receiver_count() == 0;
        if is_over {
            *feed = None;
        }
        is_over
    }

    /// How many look at the board now.
    pub(crate) fn viewers(&self) -> usize {
        let feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        feed.as_ref().map_or(0, watch::Sender::receiver_count)
    }
}

/// Renders the board when the data changed, until nobody looks.
async fn watch_board(app: App, feed: Feed) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    let mut rendered = Instant::now();
    while !app.live.is_over(&feed) {
        ticks.tick().await;
        match app.ask(|hub| hub.data_version()).await {
            Ok(version) if seen == Some(version) && rendered.elapsed() < RENDER_EVERY => {}
            Ok(version) => {
                if let Ok(board) = render(&app).await {
                    seen = Some(version);
                    rendered = Instant::now();
                    feed.send_if_modified(|shown| {
                        let is_new = **shown != *board;
                        *shown = board;
                        is_new
                    });
                }
            }
            Err(_) => seen = None,
        }
    }
}

async fn render(app: &App) -> Result<Arc<str>, Failure> {
    let now = Timestamp::now();
    let board = app.ask(move |hub| hub.board(now)).await?;
    board::fragment(&board, now).map(Arc::from)
}

/// `GET /live`: server-sent events named `board`, each a piece of HTML.
pub(crate) async fn serve(State(app): State<App>) -> Response {
    let mut viewer = app.live.join(&app);
    viewer.mark_changed();
    let boards = futures_util::stream::unfold(viewer, |mut viewer| async move {
        loop {
            viewer.changed().await.ok()?;
            let board = viewer.borrow_and_update().clone();
            if !board.is_empty() {
                return Some((Ok::<_, Infallible>(Event::default().event("board").data(board)), viewer));
            }
        }
    });
    let mut is_closing = app.is_closing.subscribe();
    let end = async move {
        tokio::select! {
            _ = is_closing.wait_for(|closing| *closing) => {}
            () = tokio::time::sleep(LONGEST_FEED) => {}
        }
    };
    let feed =
        Sse::new(boards.take_until(Box::pin(end))).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    (unbuffered, feed).into_response()
}
