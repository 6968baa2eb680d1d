//! Punches as they happen: `cargo run --example watch -- 192.168.1.201:4370 [COMM_KEY]`.
//!
//! A terminal tells an event once. What happens while nobody is connected is in its log only, so a program that must have every
//! punch reads the log after each connect, as here; the same punch may come by both ways.

use std::time::Duration;

use zk::client::{Client, Options};
use zk::{Error, EventMask, RealtimeEvent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("name the terminal: ADDRESS:PORT [COMM_KEY]")?;
    let comm_key = arguments.next().map_or(Ok(0), |key| key.parse())?;
    let options = Options { comm_key, ..Options::default() };
    loop {
        if let Err(error) = watch(&address, options).await {
            eprintln!("{error}");
            if matches!(error, Error::WrongKey | Error::Locked { .. } | Error::NotATerminal { .. }) {
                return Err(error.into());
            }
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

async fn watch(address: &str, options: Options) -> Result<(), Error> {
    let mut terminal = Client::connect(address, options).await?;
    // First the events, then the log: what happens in between comes by both ways, and nothing by none.
    terminal.events(EventMask::ATTENDANCE | EventMask::ALARM).await?;
    let log = terminal.attendance().await?;
    println!("{} punches in the log", log.records.len());
    loop {
        match terminal.next_event().await? {
            RealtimeEvent::Attendance(punch) => match punch.time.civil() {
                Ok(time) => println!("{time} {:?}", punch.user),
                Err(impossible) => println!("{impossible}, which is no date: {:?}", punch.user),
            },
            other => println!("{other:?}"),
        }
    }
}
