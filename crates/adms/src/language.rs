//! Languages of terminals: the `language` number of the opening request (adms 4).

use crate::text::Charset;

/// The numbers and the languages' tags (BCP 47).
const TAGS: [(u16, &str); 23] = [
    (66, "ar"),
    (65, "fa"),
    (68, "nl"),
    (69, "en"),
    (70, "fr"),
    (71, "de"),
    (72, "he"),
    (73, "id"),
    (74, "ja"),
    (75, "ko"),
    (76, "th"),
    (80, "pt"),
    (82, "ru"),
    (83, "zh-CN"),
    (84, "zh-TW"),
    (86, "vi"),
    (89, "sk"),
    (90, "cs"),
    (97, "es"),
    (103, "el"),
    (105, "it"),
    (112, "pl"),
    (116, "tr"),
];

/// The tag of a language number, `en` for 69; `None` for a number that is not documented.
pub fn tag(number: u16) -> Option<&'static str> {
    TAGS.iter().find(|(known, _)| *known == number).map(|(_, tag)| *tag)
}

/// The character set that a terminal of this language writes names in: GB2312 in simplified Chinese, else UTF-8. Old
/// firmware breaks the rule, so reading tries both ([`text::decode`](crate::text::decode)).
pub fn charset(number: u16) -> Charset {
    if number == 83 { Charset::Gb2312 } else { Charset::Utf8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_the_numbers_of_the_documents() {
        let said = [69, 83, 84, 116, 112, 1].map(tag);
        assert_eq!(said, [Some("en"), Some("zh-CN"), Some("zh-TW"), Some("tr"), Some("pl"), None]);
        assert_eq!((charset(83), charset(84)), (Charset::Gb2312, Charset::Utf8));
    }
}
