//! A payroll file by PUT to a receiver on loopback.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use roads::delivery::{Parcel, Verb, to_address};

const FILE: Parcel<'static> = Parcel { name: "march 1.csv", bytes: b"a,b\r\n1,2\r\n", digest: "d1gest" };

/// Answers one request; its head in small letters, and its body.
fn receiver(answer: &'static str) -> (String, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in/", listener.local_addr().unwrap());
    let taken = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0);
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        (head, body)
    });
    (url, taken)
}

fn send(url: &str) -> Result<String, String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    to_address((Verb::Put, url), "t0ken", true, FILE)
}

#[test]
fn the_file_arrives_whole_with_its_name_token_and_key_and_the_answer_is_the_receipt() {
    let (url, taken) = receiver("HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\nrun  42");
    assert_eq!(send(&url).unwrap(), "201 Created: run 42");
    let (head, body) = taken.join().unwrap();
    assert!(head.starts_with("put /in/march%201.csv http/1.1"), "{head}");
    assert!(head.contains("authorization: bearer t0ken") && head.contains("idempotency-key: d1gest"), "{head}");
    assert_eq!(body, FILE.bytes);
}

#[test]
fn by_post_it_goes_to_the_address_itself_with_its_name_in_the_head() {
    let (url, taken) = receiver("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert_eq!(to_address((Verb::Post, &url), "t0ken", true, FILE).unwrap(), "202 Accepted");
    let (head, body) = taken.join().unwrap();
    assert!(head.starts_with("post /in/ http/1.1"), "{head}");
    assert!(head.contains("content-disposition: attachment; filename=\"march 1.csv\""), "{head}");
    assert!(head.contains("idempotency-key: d1gest"), "{head}");
    assert_eq!(body, FILE.bytes);
}

#[test]
fn a_receiver_that_refuses_moves_or_is_away_is_no_delivery() {
    for answer in [
        "HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://1.1.1.1/\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (url, _taken) = receiver(answer);
        assert!(send(&url).unwrap_err().contains("refuses it"));
    }
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(send(&format!("http://{gone}/")).is_err());
}

#[test]
fn plain_http_and_the_own_network_need_a_word() {
    for url in ["http://pay.example/in", "https://127.0.0.1/in"] {
        assert!(to_address((Verb::Put, url), "t0ken", false, FILE).unwrap_err().contains("--allow-private"), "{url}");
    }
}
