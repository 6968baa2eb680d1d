//! What a terminal is: `cargo run --example info -- 192.168.1.201:4370 [COMM_KEY]`.

use zk::client::{Client, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("name the terminal: ADDRESS:PORT [COMM_KEY]")?;
    let comm_key = arguments.next().map_or(Ok(0), |key| key.parse())?;

    let mut terminal = Client::connect(&address, Options { comm_key, ..Options::default() }).await?;
    let info = terminal.info().await?;
    let or_unknown = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    println!("serial     {}", or_unknown(&info.serial));
    println!("model      {}", or_unknown(&info.name));
    println!("platform   {}", or_unknown(&info.platform));
    println!("firmware   {}", or_unknown(&info.firmware));
    println!("hardware   {}", or_unknown(&info.mac));

    match terminal.time().await?.civil() {
        Ok(time) => println!("clock      {time}"),
        Err(impossible) => println!("clock      {impossible}, which is no date: set it"),
    }

    let sizes = terminal.sizes().await?;
    for (what, count, capacity) in [
        ("users", sizes.users, sizes.user_capacity),
        ("fingers", sizes.fingers, sizes.finger_capacity),
        ("punches", sizes.attendance, sizes.attendance_capacity),
    ] {
        if let (Some(count), Some(capacity)) = (count, capacity) {
            println!("{what:<10} {count} of {capacity}");
        }
    }
    terminal.close().await;
    Ok(())
}
