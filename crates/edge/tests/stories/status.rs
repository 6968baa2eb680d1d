//! What the person in the branch sees.

use crate::fake_hub::FakeHub;
use crate::forwarder::Nobody;
use crate::http::{get, post};
use crate::workplace::Workplace;

#[tokio::test]
async fn health_and_metrics_tell_what_waits() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    edge.shutdown().await;

    let edge = place.start(Nobody).await;
    let status = edge.status_addr().unwrap();
    assert_eq!(get(status, "/healthz").await.status, 200);
    assert_eq!(get(status, "/readyz").await.status, 200);
    let body = b"1\t2024-01-01 08:00:00\n1\t2024-01-01 08:00:01\nbroken\n";
    post(edge.terminals_addr(), "/iclock/cdata?SN=X1&table=ATTLOG", body).await;
    let metrics = get(status, "/metrics").await.body;
    for line in ["edge_punches_stored_total 3", "edge_lines_unreadable_total 1", "edge_spool_unsent_entries 3"] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
    let board = get(status, "/").await.body;
    assert!(board.contains("3 entries wait to be sent") && board.contains("Terminal X1"), "{board}");
    edge.shutdown().await;
}

#[tokio::test]
async fn what_a_terminal_claims_to_be_is_shown_as_text() {
    let place = Workplace::new();
    let edge = place.start(Nobody).await;
    assert_eq!(get(edge.terminals_addr(), "/iclock/ping?SN=%3Cscript%3E").await.status, 200);
    let board = get(edge.status_addr().unwrap(), "/").await.body;
    assert!(board.contains("&lt;script&gt;") && !board.contains("<script>"), "{board}");
    assert!(board.contains("waits for approval"));
    edge.shutdown().await;
}
