//! Names of users as terminals hold them: in UTF-8, or on older Chinese firmware in GB2312 (adms 2). Push and poll read
//! them alike, else a name would be news at each change of the road.

use encoding_rs::GB18030;

/// A name as text: UTF-8, else the Chinese code page where the bytes look like it, else UTF-8 with U+FFFD for what is
/// none.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // A name that the field's end cut inside a character is UTF-8 all the same.
        Err(error) if error.error_len().is_some() && is_in_pairs(bytes) => GB18030
            .decode_without_bom_handling_and_without_replacement(bytes)
            .unwrap_or_else(|| String::from_utf8_lossy(bytes)),
        Err(_) => String::from_utf8_lossy(bytes),
    };
    text.trim().to_owned()
}

/// GB2312 writes two bytes above ASCII for each character. A lone one is a letter of some other code page, which the
/// decoder would join with its neighbour.
fn is_in_pairs(bytes: &[u8]) -> bool {
    bytes.split(u8::is_ascii).all(|run| run.len() % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_utf8_and_else_in_the_chinese_code_page() {
        assert_eq!(decode("张三 Peña".as_bytes()), "张三 Peña");
        assert_eq!(decode(b"\xd5\xc5\xc8\xfd"), "张三");
        assert_eq!(decode(b"\xd5\xc5 Li "), "张 Li");
    }

    #[test]
    fn what_is_neither_shows_where_it_could_not_be_read() {
        assert_eq!(decode(b"Pe\xf1a"), "Pe\u{fffd}a", "Latin-1");
        assert_eq!(decode(b"\xff\xff"), "\u{fffd}\u{fffd}");
        assert_eq!(decode(b"Th\xe1\xbb"), "Th\u{fffd}", "cut inside a character");
    }
}
