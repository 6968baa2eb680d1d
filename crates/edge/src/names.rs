//! Names of users as terminals hold them. Push and poll read them alike, else a name would be news at each change of the
//! road.

/// The name of somebody in a terminal's user table.
pub fn name_of(user: &zk::User) -> String {
    decode(&user.name_raw)
}

/// A name as text, trimmed; see [`adms::text::decode`].
pub(crate) fn decode(bytes: &[u8]) -> String {
    adms::text::decode(bytes).trim().to_owned()
}
