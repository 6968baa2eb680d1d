//! Which terminals are on a network? `cargo run --example discover -- 192.168.1.0/24 [...]`

use zk::discover::{Discovery, Options, Subnet};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let subnets = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<Vec<Subnet>, _>>()?;
    if subnets.is_empty() {
        return Err("name at least one subnet, like 192.168.1.0/24".into());
    }
    let mut discovery = Discovery::new(&subnets, Options::default())?;
    while let Some(visit) = discovery.next().await {
        let Some(found) = visit.found else { continue };
        match found.answer {
            Ok(identity) => println!("{}: {}", found.address, identity.serial.as_deref().unwrap_or("no serial")),
            Err(error) => println!("{}: {error}", found.address),
        }
    }
    Ok(())
}
