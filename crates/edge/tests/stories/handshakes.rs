//! What real terminals and the vendor's documents are quoted with in the protocol reference, sent as it stands there, at once
//! and byte by byte; the answers are compared byte by byte.

use std::net::SocketAddr;

use link::Terminal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fake_hub::{FakeHub, terminal};
use crate::http::finish;
use crate::workplace::Workplace;

/// How a request goes over the line.
#[derive(Debug, Clone, Copy)]
enum Pace {
    AtOnce,
    ByteByByte,
}

/// The serial of the documents, and that of an access terminal.
const ATTENDANCE: &str = "0316144680030";
const ACCESS: &str = "3383154200002";

/// A request with the headers that are quoted (adms 14).
fn told(method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: 192.168.1.10:8081\r\nUser-Agent: iClock Proxy/1.09\r\nConnection: close\r\nAccept: */*\r\n{length}\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn say(to: SocketAddr, request: &[u8], pace: Pace) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.set_nodelay(true).unwrap();
    match pace {
        Pace::AtOnce => stream.write_all(request).await.unwrap(),
        Pace::ByteByByte => {
            for byte in request {
                stream.write_all(&[*byte]).await.unwrap();
                // The edge reads it now, if it likes.
                tokio::task::yield_now().await;
            }
        }
    }
    let answer = finish(stream).await;
    let date = answer.header("Date").unwrap().to_owned();
    format!("{}\r\n\r\n{}", answer.head.replace(&date, "(now)"), answer.body)
}

/// The whole answer with a body.
fn answer(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {length}\r\nDate: (now)\r\n\r\n{body}"
    )
}

/// The settings of the house, in the form of live terminals' (adms 4).
fn settings(serial: &str, stamp: &str) -> String {
    format!(
        "GET OPTION FROM: {serial}\nATTLOGStamp={stamp}\nOPERLOGStamp={stamp}\nATTPHOTOStamp=None\nStamp={stamp}\nOpStamp={stamp}\nPhotoStamp=None\n\
         ErrorDelay=30\nDelay=10\nTransTimes=00:00;14:05\nTransInterval=1\n\
         TransFlag=TransData AttLog\tOpLog\tEnrollUser\tChgUser\nRealtime=1\nPushOptionsFlag=1\nEncrypt=None"
    )
}

async fn all_are_answered(to: SocketAddr, exchanges: &[(Vec<u8>, String)]) {
    for pace in [Pace::AtOnce, Pace::ByteByByte] {
        for (request, body) in exchanges {
            let said = say(to, request, pace).await;
            assert_eq!(said, answer(body), "{pace:?}: {}", String::from_utf8_lossy(request));
        }
    }
}

#[tokio::test]
async fn attendance_terminals_are_answered_as_the_reference_says() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let with_key = Terminal { push_key: Some("4a9594af164f2b9779b59e8554b5df26".into()), ..terminal("KEYED") };
    hub.with(|held| held.terminals = vec![terminal(ATTENDANCE), with_key, terminal("X903")]);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let get = |target: &str| told("GET", &target.replace("$SN", ATTENDANCE), b"");
    let post = |target: &str, body: &[u8]| told("POST", &target.replace("$SN", ATTENDANCE), body);
    let again = settings(ATTENDANCE, "0");
    all_are_answered(
        edge.terminals_addr(),
        &[
            (get("/iclock/cdata?SN=$SN&options=all&pushver=2.4.1&language=69&DeviceType=att&PushOptionsFlag=1"), again.clone()),
            (
                get("/iclock/cdata?SN=$SN&options=all&pushver=2.2.14&language=83&pushcommkey=4a9594af164f2b9779b59e8554b5df26"),
                again.clone(),
            ),
            (
                told("GET", "/iclock/cdata?SN=KEYED&options=all&pushver=2.2.14&language=83&pushcommkey=4a9594af164f2b9779b59e8554b5df26", b""),
                settings("KEYED", "0"),
            ),
            // A raw blank, as one unit sends it; eSSL builds; a unit that says nothing of itself.
            (get("/iclock/cdata?SN=$SN&options=all&pushver=2.4.1&DeviceType=middle east"), again.clone()),
            (get("/iclock/cdata.aspx?SN=$SN&options=all"), again.clone()),
            (get("/iclock/cdata?SN=$SN&options=all"), again),
            (get("/iclock/cdata?SN=$SN&type=time"), "OK".into()),
            (get("/iclock/ping?SN=$SN"), "OK".into()),
            (post("/iclock/exchange?SN=$SN&type=publickey", b"PublicKey=AAAA"), "OK".into()),
            // Vector 4, and the options of an X903.
            (post("/iclock/cdata?SN=$SN&table=options", b"FingerFunOn=1,FaceFunOn=1\n"), "OK".into()),
            (
                post("/iclock/cdata?SN=$SN&table=options", b"~DeviceName=X903,MAC=00:17:61:12:ba:c5,TransactionCount=71,~MaxPvCount=,~OEMVendor=Solution,FWVersion=ZMM510-NF-Ver1.0.19\n"),
                "OK".into(),
            ),
        ],
    )
    .await;
    edge.shutdown().await;
}

#[tokio::test]
async fn polls_and_results_are_answered_as_the_reference_says() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(ATTENDANCE));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let get = |target: &str| told("GET", &target.replace("$SN", ATTENDANCE), b"");
    let post = |target: &str, body: &[u8]| told("POST", &target.replace("$SN", ATTENDANCE), body);
    // The first poll, with blanks as they come from the 2011 firmware, brings what its approval asks for.
    let first = get("/iclock/getrequest?SN=$SN&INFO=Ver 6.60 Oct 12 2011,5,3,71,192.168.1.201,10");
    assert_eq!(say(to, &first, Pace::ByteByByte).await, answer("C:1:CHECK\nC:2:DATA QUERY USERINFO\n"));
    let results =
        ["info8487", "info8488", "info8489", "info7464", "fp7464"].map(|id| format!("ID={id}&Return=0&CMD=DATA"));
    all_are_answered(
        to,
        &[
            (first, "OK".into()),
            (get("/iclock/getrequest?SN=$SN&INFO=Ver%206.60%20Oct%2012%202011,5,3,71,192.168.1.201,10"), "OK".into()),
            (
                get("/iclock/getrequest?SN=$SN&INFO=Ver%208.0.4.4-20190617,2,2,18,192.168.1.201,10,-1,0,0,101"),
                "OK".into(),
            ),
            (get("/iclock/getrequest?SN=$SN"), "OK".into()),
            // Vector 10, the round trip of a restart, and a result of several lines.
            (post("/iclock/devicecmd?SN=$SN", results.join("\n").as_bytes()), "OK".into()),
            (post("/iclock/devicecmd?SN=$SN", b"ID=12&Return=0&CMD=REBOOT"), "OK".into()),
            (
                post("/iclock/devicecmd?SN=$SN", b"ID=32\nReturn=0\nCMD=Shell\nContent=Tue Mar 24 16:12:26 GMT 2026"),
                "OK".into(),
            ),
        ],
    )
    .await;
    edge.shutdown().await;
}

#[tokio::test]
async fn uploads_are_answered_as_the_reference_says() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(ATTENDANCE));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let post = |table: &str, body: &[u8]| told("POST", &format!("/iclock/cdata?SN={ATTENDANCE}&table={table}"), body);
    let seconds = [("1452", [28, 29, 30, 31, 33, 34, 35].as_slice()), ("8965", &[36, 37])];
    let nine: String = seconds
        .iter()
        .flat_map(|(pin, seconds)| seconds.iter().map(move |s| format!("{pin}\t2015-07-30 15:16:{s}\t0\t1\t0\t0\t0\n")))
        .collect();
    assert_eq!(nine.len(), 315, "vector 3");
    let x903 = b"OPLOG 0\t0\t2024-07-07 01:42:53\t0\t0\t0\t0\nOPLOG 3\t0\t2024-07-07 01:43:07\t54\t0\t0\t0\n\
        USER PIN=6\tName=Wmjt\tPri=0\tPasswd=12345\tCard=\tGrp=1\tTZ=0000000100000000\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0\n";
    all_are_answered(
        edge.terminals_addr(),
        &[
            (post("ATTLOG&Stamp=9999", nine.as_bytes()), "OK:9".into()),
            (post("ATTLOG&Stamp=9999", b"1\t2026-08-20 11:27:27\t255\t15\t0\t0\t0\t0\t0\t0\t\n"), "OK:1".into()),
            (post("ATTLOG&Stamp=9999", b"7\t2024-07-07 01:29:01\t0\t1\t0\t0\t0\t0\t0\t0\t\n"), "OK:1".into()),
            (post("ATTLOG&Stamp=9999", b"11\t2025-08-27 10:57:49\t0\t25\t0\t0\t0\t0\t0\t0\n"), "OK:1".into()),
            (post("OPERLOG&OpStamp=9999", x903), "OK:3".into()),
            (
                post(
                    "ERRORLOG&Stamp=9999",
                    b"ERRORLOG ErrCode=D01E0001\tErrMsg=\tDataOrigin=cmd\tCmdId=123\tAdditional=\n",
                ),
                "OK:1".into(),
            ),
            (
                post(
                    "ATTPHOTO&Stamp=9999",
                    b"PIN=20240707012901-7.jpg\nSN=0316144680030\nsize=3\nCMD=uploadphoto\0\xff\xd8\xff",
                ),
                "OK".into(),
            ),
        ],
    )
    .await;
    hub.until("each punch once", |held| held.punches.len() == 12 && held.users.len() == 1).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn access_terminals_are_answered_as_the_reference_says() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved(ACCESS));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let to = edge.terminals_addr();
    let get = |target: &str| told("GET", &target.replace("$SN", ACCESS), b"");
    let post = |target: &str, body: &[u8]| told("POST", &target.replace("$SN", ACCESS), body);
    let opening = get("/iclock/cdata?SN=$SN&options=all&pushver=3.0.1&DeviceType=acc");
    assert_eq!(say(to, &opening, Pace::AtOnce).await, answer("OK"), "a stranger");
    let register = post("/iclock/registry?SN=$SN", b"DeviceType=acc,~DeviceName=F20,FirmVer=Ver 8.0.1.3-20151229");
    let said = say(to, &register, Pace::ByteByByte).await;
    let code = said.rsplit_once("RegistryCode=").unwrap().1.to_owned();
    assert_eq!(said, answer(&format!("RegistryCode={code}")));
    assert_eq!(code.len(), "Uy47fxftP3".len(), "vector 6");
    let said = say(to, &post("/iclock/push?SN=$SN", b""), Pace::AtOnce).await;
    let session = said.split_once("SessionID=").unwrap().1.split('\n').next().unwrap().to_owned();
    assert_eq!(session.len(), "30BFB04B2C8AECC72C01C03BFD549D15".len());
    let block = |version: &str| {
        format!(
            "ServerVersion=3.0.1\nServerName=ADMS\n{version}=3.0.1\nErrorDelay=60\nRequestDelay=10\nTransTimes=00:00\t14:00\n\
             TransInterval=1\nTransTables=User Transaction\nRealtime=1\nSessionID={session}\nTimeoutSec=10"
        )
    };
    assert_eq!(block("PushVersion").len(), 218 + 1, "vector 8, with two digits where it has one");
    // Vector 9: its lines are three bytes longer than what is seen of them.
    let event = b"time=2017-01-10 11:49:32\tpin=0\tcardno=0\teventaddr=1\tevent=27\tinoutstatus=1\tverifytype=0\tindex=21\r\n\0";
    let state = b"time=2017-01-10 11:49:32\tsensor=00\trelay=00\talarm=0200000000000000\r\n\0";
    let user = b"user uid=1\tcardno=\tpin=7\tpassword=\tgroup=1\tstarttime=0\tendtime=0\tname=Li\tprivilege=0\tdisable=0\tverify=0\r\n\0";
    all_are_answered(
        to,
        &[
            (opening, format!("registry=ok\nRegistryCode={code}\n{}", block("PushProtVer"))),
            (register, format!("RegistryCode={code}")),
            (post("/iclock/push?SN=$SN", b""), block("PushVersion")),
            (post("/iclock/cdata?SN=$SN&table=rtlog", event), "OK".into()),
            (post("/iclock/cdata?SN=$SN&table=rtstate", state), "OK".into()),
            (post("/iclock/cdata?SN=$SN&table=tabledata&tablename=user&count=1", user), "user=1".into()),
        ],
    )
    .await;
    edge.shutdown().await;
}

/// Keep-alive: each first line is repaired, and nothing that only looks like one.
#[tokio::test]
async fn blanks_in_first_lines_are_understood_on_a_connection_that_is_kept() {
    let (place, hub) = (Workplace::new(), FakeHub::with_approved("X1"));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    let looks_like_one = "5\t2024-01-01 08:00:00\t0\t1\nGET /iclock/a b HTTP/1.1\n";
    let requests = [
        "GET /iclock/cdata?SN=X1&options=all&DeviceType=middle east HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!(
            "POST /iclock/cdata?SN=X1&table=ATTLOG&Stamp=9999 or so HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{looks_like_one}",
            looks_like_one.len()
        ),
        format!(
            "POST /iclock/cdata?SN=X1 &table=ATTLOG HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{looks_like_one}\r\n0\r\n\r\n",
            looks_like_one.len()
        ),
        "GET /iclock/ping?SN= X1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
    ];
    // One after the other, as terminals do, and then all at once.
    let mut stream = TcpStream::connect(edge.terminals_addr()).await.unwrap();
    let mut heard = String::new();
    for (request, ending) in requests.iter().zip(["Encrypt=None", "OK:2", "OK:2", "OK"]) {
        stream.write_all(request.as_bytes()).await.unwrap();
        let before = heard.len();
        while !heard[before..].ends_with(ending) {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the connection ended after {heard:?}");
            heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    }
    let mut stream = TcpStream::connect(edge.terminals_addr()).await.unwrap();
    stream.write_all(requests.concat().as_bytes()).await.unwrap();
    let mut at_once = String::new();
    stream.read_to_string(&mut at_once).await.unwrap();
    for heard in [heard, at_once] {
        assert_eq!(heard.matches("HTTP/1.1 200 OK").count(), 4, "{heard}");
    }
    let untouched = |held: &crate::fake_hub::Held| {
        let mut originals: Vec<_> = held.punches.values().map(|(punch, _)| punch.raw().unwrap().original).collect();
        originals.sort();
        originals == [b"5\t2024-01-01 08:00:00\t0\t1".to_vec(), b"GET /iclock/a b HTTP/1.1".to_vec()]
    };
    hub.until("the lines as they were sent", untouched).await;
    edge.shutdown().await;
}
