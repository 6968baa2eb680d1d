//! Options of a terminal: `name=value` texts (zk 5.4).

use crate::wire::until_nul;

/// The serial number.
pub const SERIAL: &str = "~SerialNumber";
/// The model name.
pub const DEVICE_NAME: &str = "~DeviceName";
/// The hardware platform, such as `ZMM220_TFT`.
pub const PLATFORM: &str = "~Platform";
/// The longest user number, in digits.
pub const NUMBER_WIDTH: &str = "~PIN2Width";
/// The version of the finger algorithm; templates of another version are of no use.
pub const FINGER_ALGORITHM: &str = "~ZKFPVersion";
/// The hardware address.
pub const MAC: &str = "MAC";

/// The data of a request for option `name`, with the trailing NUL that the captures have.
pub fn request(name: &str) -> Vec<u8> {
    let mut data = name.as_bytes().to_vec();
    data.push(0);
    data
}

/// The option name in a request, with or without its trailing NUL: the terminal's side.
pub fn requested_name(data: &[u8]) -> String {
    String::from_utf8_lossy(until_nul(data)).trim().to_owned()
}

/// The data of an answer.
pub fn answer(name: &str, value: &str) -> Vec<u8> {
    request(&format!("{name}={value}"))
}

/// The value in an answer, without trailing blanks and NULs; `None` when it is empty, which some firmware says for an option
/// that it does not have.
pub fn value(data: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(until_nul(data));
    let value = text.split_once('=').map_or("", |(_, value)| value).trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// A text answer without a name, such as the firmware version (zk 3, GET_VERSION); `None` when empty.
pub fn text(data: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(until_nul(data)).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_freed_of_blanks_and_nuls_and_an_empty_one_is_none() {
        assert_eq!(value(b"~SerialNumber=SIM0001\0").as_deref(), Some("SIM0001"));
        assert_eq!(value(b"~OEMVendor=ZKTECO CO., LTD.  \0\0").as_deref(), Some("ZKTECO CO., LTD."));
        assert_eq!(value(b"~DeviceName=\0"), None);
        assert_eq!(value(b""), None);
    }

    #[test]
    fn a_request_is_understood_with_and_without_its_nul() {
        assert_eq!(requested_name(b"~OS\0"), "~OS");
        assert_eq!(requested_name(b"~OS"), "~OS");
    }
}
