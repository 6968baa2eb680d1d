//! zkteco-js against our terminals: it knows TCP with records of 40 and users of 72 bytes, and takes one read of the socket for one
//! frame, so that frames must be paced as hardware does (zk 15).

use std::time::Duration;

use serde_json::json;
use simulator::{Profile, Terminal};

use crate::common::{company_log, serve};
use crate::peer::Peer;
use crate::pyzk::request;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_thirty_thousand_is_read() {
    let Some(zkteco_js) = Peer::zkteco_js() else { return };
    let mut profile = Profile::default();
    profile.binary.frame_pause = Duration::from_millis(20);
    let terminal = Terminal::builder("SIM0001").profile(profile).log(company_log(30_000)).build();
    let address = serve(&terminal).await;
    let read = zkteco_js.ask(request("read", &address, json!({}))).await.unwrap();
    let (punches, held) = (read["punches"].as_array().unwrap(), terminal.log(0..usize::MAX));
    assert_eq!(punches.len(), held.len());
    for (read, record) in punches.iter().zip(&held) {
        let zk::UserRef::Number(number) = record.user else { panic!("40-byte records name the number") };
        assert_eq!(read["user_id"], json!(number.to_string()));
        assert_eq!((&read["type"], &read["state"]), (&json!(record.verify), &json!(record.state)));
    }
    let (users, known) = (read["users"].as_array().unwrap(), terminal.users());
    assert_eq!(users.len(), known.len());
    for (read, user) in users.iter().zip(&known) {
        assert_eq!((&read["userId"], &read["uid"]), (&json!(user.number), &json!(user.slot)));
    }
}
