//! Names of users as terminals hold them. Push and poll read them alike, else a name would be news at each change of the
//! road.

/// A name as text, trimmed; see [`adms::text::decode`].
pub(crate) fn decode(bytes: &[u8]) -> String {
    adms::text::decode(bytes).trim().to_owned()
}
