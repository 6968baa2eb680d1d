//! Photos of those who punch (adms 6.4): made up, nobody is on them.

use zk::AttendanceRecord;

use super::attendance::{number, printed};
use crate::random::Random;

/// How a photo of nothing begins and ends, as JPEG files do.
const BEGIN: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0];
const END: &[u8] = &[0xFF, 0xD9];

/// The body of one upload: header, NUL, picture. `is_wrong` makes the header say another size.
pub(super) fn body(serial: &str, record: &AttendanceRecord, seed: u64, is_wrong: bool) -> Vec<u8> {
    let mut random = Random::of(&[seed, u64::from(record.time.0.cast_unsigned())]);
    let noise: Vec<u8> = (0..random.between(200, 900)).map(|_| random.below(256) as u8).collect();
    let picture = [BEGIN, &noise, END].concat();
    let digits: String = printed(record.time).chars().filter(char::is_ascii_digit).collect();
    let size = picture.len() + if is_wrong { 999 } else { 0 };
    let header = format!("PIN={digits}-{}.jpg\nSN={serial}\nsize={size}\nCMD=uploadphoto", number(record));
    [header.as_bytes(), &[0], &picture].concat()
}

#[cfg(test)]
mod tests {
    use adms::Photo;
    use adms::photo::PhotoName;
    use zk::PackedTime;

    use super::*;

    #[test]
    fn a_photo_says_who_and_when_and_sometimes_another_size() {
        let record = AttendanceRecord::of_number("0012".into(), PackedTime(776_522_096));
        for is_wrong in [false, true] {
            let body = body("X903", &record, 1, is_wrong);
            let photo = Photo::read(&body).unwrap();
            let name = PhotoName::read(std::str::from_utf8(photo.name).unwrap()).unwrap();
            assert_eq!((name.pin, name.time.to_string().as_str()), (Some("0012"), "2024-02-29 12:34:56"));
            assert!(photo.data.starts_with(BEGIN) && photo.data.ends_with(END));
            assert_eq!(photo.claimed_size != Some(photo.data.len() as u64), is_wrong);
        }
    }
}
