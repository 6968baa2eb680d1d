//! Prints what every preset makes of the real logs beside the project, to be kept in `docs/presets.md`:
//! `cargo run -p attendance --example presets > docs/presets.md`

mod report;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = testkit::shared("data/attlog").ok_or("the real logs are read from ../shared/data/attlog")?;
    print!("{}", report::markdown(&report::logs(&folder)?)?);
    Ok(())
}
