//! Prints the JSON schema of policy files, to be kept in `presets/policy.schema.json`:
//! `cargo run -p attendance --example policy_schema > crates/attendance/presets/policy.schema.json`

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&attendance::policy_schema())?);
    Ok(())
}
