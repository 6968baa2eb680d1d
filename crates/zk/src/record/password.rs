//! The password of a user, which terminals hold and send in clear (zk 13).

use std::fmt;

use crate::wire::until_nul;

/// A user's password as the terminal has it. It prints only whether there is one, and is compared but never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Password(Vec<u8>);

impl Password {
    /// Takes the bytes of a NUL padded field; what follows the first NUL is garbage (zk 7.2).
    pub fn from_field(field: &[u8]) -> Password {
        Password(until_nul(field).to_vec())
    }

    /// Whether there is a password.
    pub fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    /// The password in clear, for the wire only.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Password {
        Password(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() { "Password(set)" } else { "Password(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_print() {
        assert_eq!(format!("{:?} {:?}", Password::from("12345"), Password::default()), "Password(set) Password(none)");
    }

    #[test]
    fn what_follows_the_nul_is_no_password() {
        assert_eq!(Password::from_field(b"444\0\xEE\xEE"), Password::from("444"));
        assert!(!Password::from_field(b"\0garbage").is_set());
    }
}
