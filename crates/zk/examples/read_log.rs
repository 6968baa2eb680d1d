//! The attendance log as tab-separated text: `cargo run --example read_log -- 192.168.1.201:4370 [COMM_KEY]`.

use std::collections::HashMap;

use zk::UserRef;
use zk::client::{Client, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("name the terminal: ADDRESS:PORT [COMM_KEY]")?;
    let comm_key = arguments.next().map_or(Ok(0), |key| key.parse())?;

    let mut terminal = Client::connect(&address, Options { comm_key, ..Options::default() }).await?;
    // In one session, so that slots mean the same in both.
    let users = terminal.users().await?;
    let log = terminal.attendance().await?;
    terminal.close().await;

    let numbers: HashMap<u16, &str> = users.iter().map(|user| (user.slot, user.number.as_str())).collect();
    for (record, raw) in log.iter() {
        let user = match record.user {
            UserRef::Number(number) => number.to_string(),
            UserRef::Slot(slot) => {
                numbers.get(&slot).map_or_else(|| format!("slot {slot}"), |number| (*number).to_owned())
            }
        };
        match record.time.civil() {
            Ok(time) => println!("{user}\t{time}\t{}\t{}", record.state, record.verify),
            Err(impossible) => eprintln!("{user}: {impossible} is no date, in {raw:02x?}"),
        }
    }
    if log.is_complete() == Some(false) {
        eprintln!("fewer records came than the terminal told: read again");
    }
    Ok(())
}
