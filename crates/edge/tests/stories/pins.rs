//! Terminals that are pinned to a key (adms 11).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use link::Terminal;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;

use crate::fake_hub::{FakeHub, terminal};
use crate::forwarder::Nobody;
use crate::http::{finish, get, post, request};
use crate::workplace::Workplace;

const KEY: &str = "4a9594af164f2b9779b59e8554b5df26";
const LINE: &[u8] = b"1\t2024-01-01 08:00:00\t0\t1\n";
const HANDSHAKE: &str = "/iclock/cdata?SN=X1&options=all&pushver=2.2.14&language=83";
const UPLOAD: &str = "/iclock/cdata?SN=X1&table=ATTLOG&Stamp=9999";

fn pinned(key: &str) -> Terminal {
    Terminal { push_key: Some(key.to_owned()), ..terminal("X1") }
}

async fn hub_with(terminal: Terminal) -> FakeHub {
    let hub = FakeHub::default();
    hub.with(|held| held.terminals.push(terminal));
    hub
}

/// A POST from another address of this machine.
async fn post_from(from: Ipv4Addr, to: SocketAddr, target: &str) -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    stream.write_all(&request(target, LINE.len(), LINE)).await.unwrap();
    finish(stream).await.status
}

#[tokio::test]
async fn whoever_does_not_show_the_key_is_refused_counted_and_told_of() {
    let (place, hub) = (Workplace::new(), hub_with(pinned(KEY)).await);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    assert_eq!(get(to, HANDSHAKE).await.status, 403);
    assert_eq!(get(to, &format!("{HANDSHAKE}&pushcommkey=4a95")).await.status, 403);
    for target in [UPLOAD, "/iclock/devicecmd?SN=X1", "/elsewhere/iclock/cdata?SN=X1&table=ATTLOG"] {
        assert_eq!(post(to, target, LINE).await.status, 403, "{target}");
    }
    assert_eq!(get(to, "/iclock/getrequest?SN=X1").await.status, 403, "commands may hold names");
    assert_eq!(edge.spool().depth().await.unwrap().last, 0);

    let is_told = |held: &crate::fake_hub::Held| {
        let trouble = held.contact("X1").and_then(|contact| contact.trouble.as_deref());
        trouble.is_some_and(|says| says.starts_with("127.0.0.1 calls with this serial and does not show the key"))
    };
    hub.until("word of who called", is_told).await;
    assert_eq!(hub.with(|held| held.contact("X1").unwrap().last_contact_us), None, "the terminal itself was not met");
    let status = edge.status_addr().unwrap();
    let (metrics, board) = (get(status, "/metrics").await.body, get(status, "/").await.body);
    assert!(metrics.contains("\nedge_terminal_refused_key_total 6\n"), "{metrics}");
    assert!(board.contains("127.0.0.1 calls with this serial") && !board.contains("4a95"), "{board}");

    assert_eq!(get(to, &format!("{HANDSHAKE}&pushcommkey={KEY}")).await.status, 200);
    hub.until("the trouble to be over", |held| held.contact("X1").is_some_and(|contact| contact.trouble.is_none()))
        .await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_key_of_the_handshake_admits_the_address_also_after_a_restart() {
    let (place, hub) = (Workplace::new(), hub_with(pinned(KEY)).await);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    assert_eq!(post(to, UPLOAD, LINE).await.status, 403);
    assert_eq!(get(to, &format!("{HANDSHAKE}&pushcommkey={KEY}")).await.status, 200);
    assert_eq!(post(to, UPLOAD, LINE).await.body, "OK:1");
    assert_eq!(post_from(Ipv4Addr::new(127, 0, 0, 2), to, UPLOAD).await, 403, "another address");
    edge.shutdown().await;

    let edge = place.start(Nobody).await;
    let to = edge.terminals_addr();
    assert_eq!(post(to, UPLOAD, LINE).await.body, "OK:1", "the terminal did not notice the restart");
    assert_eq!(post_from(Ipv4Addr::new(127, 0, 0, 2), to, UPLOAD).await, 403);
    edge.shutdown().await;

    hub.with(|held| held.terminals = vec![pinned("another")]);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    assert_eq!(post(edge.terminals_addr(), UPLOAD, LINE).await.status, 403, "its key is another one now");
    edge.shutdown().await;
}

#[tokio::test]
async fn a_key_may_come_with_each_request_or_stand_in_the_path() {
    let (place, hub) = (Workplace::new(), hub_with(pinned("88888888")).await);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    for (right, wrong) in [
        (format!("{UPLOAD}&ComKey=88888888"), format!("{UPLOAD}&ComKey=88888889")),
        (format!("/88888888{UPLOAD}"), format!("/8888888{UPLOAD}")),
        ("//88888888/ICLOCK/cdata.aspx/?SN=X1&table=ATTLOG".to_owned(), format!("/x/88888888{UPLOAD}")),
    ] {
        assert_eq!(post(to, &right, LINE).await.body, "OK:1", "{right}");
        assert_eq!(post(to, &wrong, LINE).await.status, 403, "{wrong}");
        assert_eq!(post(to, UPLOAD, LINE).await.status, 403, "no address was admitted by {right}");
    }
    assert_eq!(get(to, "/88888888/other?SN=X1").await.status, 404);
    edge.shutdown().await;
}

#[tokio::test]
async fn a_key_that_the_hub_cant_read_admits_nobody() {
    let (place, hub) = (Workplace::new(), hub_with(pinned("")).await);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    for target in [UPLOAD.to_owned(), format!("{UPLOAD}&ComKey=")] {
        assert_eq!(post(edge.terminals_addr(), &target, LINE).await.status, 403);
    }
    let is_told = |held: &crate::fake_hub::Held| {
        let trouble = held.contact("X1").and_then(|contact| contact.trouble.as_deref());
        trouble.is_some_and(|says| says.contains("give it to the hub again"))
    };
    hub.until("word of it", is_told).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn what_a_caller_shows_has_no_text_that_could_be_logged() {
    let (path, query) = (format!("/{KEY}/iclock/cdata"), format!("SN=1&ComKey={KEY}&pushcommkey={KEY}"));
    let request = adms::Request::read(adms::Method::Get, &path, &query);
    let told = format!("{:?}", request.shown);
    assert!(!told.contains("4a95"), "{told}");
    let caller =
        edge::plan::Caller { from: IpAddr::V4(Ipv4Addr::LOCALHOST), shown: &request.shown, is_handshake: true };
    assert!(!format!("{caller:?}").contains("4a95"));
}
