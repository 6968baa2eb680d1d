//! Finger templates from terminal to terminal, as opaque bytes (zk 7.5, 8).
//!
//! A template is biometric data of a person. It is for sites that enrol once and copy: read from one terminal, written to another,
//! forgotten. So a [`Template`] can't be printed, serialised, copied or looked into, and its bytes are overwritten when it is
//! dropped; those that passed through buffers of this crate, the runtime and the system on the way are not.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::Error;
use crate::record::template::{TemplateHeader, TemplateKey};
use crate::transfer;

/// Fingers that a terminal numbers, from 0.
pub(crate) const FINGERS: u8 = 10;
/// Valid, and not for duress: what a single read does not tell, so what is assumed.
const VALID: u8 = 1;
/// What firmware sends behind a single template: one byte, and these before it (zk 8).
const PADDING: [u8; 6] = [0; 6];

/// One finger of somebody, as a terminal holds it.
pub struct Template {
    finger: u8,
    flag: u8,
    bytes: Zeroizing<Vec<u8>>,
}

/// A template of the set of all, with its owner's slot.
pub(crate) struct TemplateEntry {
    pub(crate) slot: u16,
    pub(crate) template: Template,
}

impl Template {
    /// Which finger, 0 to 9.
    pub fn finger(&self) -> u8 {
        self.finger
    }

    /// Whether the finger opens under duress.
    pub fn is_for_duress(&self) -> bool {
        self.flag == 3
    }

    /// A single template as it was sent, freed of its padding; `None` when there is nothing else.
    pub(crate) fn of_answer(finger: u8, mut answer: Vec<u8>) -> Option<Template> {
        answer.pop();
        if answer.ends_with(&PADDING) {
            answer.truncate(answer.len() - PADDING.len());
        }
        let bytes = Zeroizing::new(answer);
        (!bytes.is_empty()).then_some(Template { finger, flag: VALID, bytes })
    }

    /// How it is announced to the terminal where `slot` is its owner's.
    pub(crate) fn header(&self, slot: u16) -> Result<TemplateHeader, Error> {
        let size = u16::try_from(self.bytes.len()).map_err(|_| {
            Error::unfit(format!("a template of {} bytes is none that a terminal takes", self.bytes.len()))
        })?;
        Ok(TemplateHeader { key: TemplateKey { slot, finger: self.finger }, flag: self.flag, size })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("finger", &self.finger).field("flag", &self.flag).finish_non_exhaustive()
    }
}

/// The templates of those slots that `is_wanted`, out of the set of all. The set is overwritten.
///
/// # Errors
/// [`Error::Corrupt`], without its bytes, when an entry is cut short.
pub(crate) fn decode_set(dataset: Vec<u8>, is_wanted: impl Fn(u16) -> bool) -> Result<Vec<TemplateEntry>, Error> {
    let dataset = Zeroizing::new(dataset);
    let cut_short = || Error::corrupt("the set of templates is cut short", b"");
    let mut rest = transfer::records(&dataset).map_err(|_| cut_short())?;
    let mut wanted = Vec::new();
    while !rest.is_empty() {
        let TemplateHeader { key, flag, size } = TemplateHeader::parse_in_set(rest).ok_or_else(cut_short)?;
        let entry = rest.get(TemplateHeader::SET_BYTES..).ok_or_else(cut_short)?;
        let (bytes, behind) = entry.split_at_checked(usize::from(size)).ok_or_else(cut_short)?;
        if is_wanted(key.slot) {
            let bytes = Zeroizing::new(bytes.to_vec());
            wanted.push(TemplateEntry { slot: key.slot, template: Template { finger: key.finger, flag, bytes } });
        }
        rest = behind;
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(slot: u16, finger: u8, flag: u8, bytes: &[u8]) -> Vec<u8> {
        let header = TemplateHeader { key: TemplateKey { slot, finger }, flag, size: bytes.len() as u16 };
        [&header.encode_in_set().unwrap()[..], bytes].concat()
    }

    #[test]
    fn of_the_set_of_all_only_the_wanted_are_kept() {
        let set = [entry(14, 1, 1, b"one"), entry(15, 0, 1, b"two"), entry(14, 6, 3, b"three")].concat();
        let kept = decode_set(transfer::dataset(&set), |slot| slot == 14).unwrap();
        let said: Vec<_> =
            kept.iter().map(|entry| (entry.slot, entry.template.finger(), entry.template.bytes())).collect();
        assert_eq!(said, [(14, 1, &b"one"[..]), (14, 6, b"three")]);
        assert!(kept[1].template.is_for_duress());
    }

    #[test]
    fn a_set_that_is_cut_short_is_refused_without_its_bytes() {
        let set = [entry(14, 1, 1, b"one"), entry(15, 0, 1, b"two")].concat();
        for length in [1, 5, 8, 10, set.len() - 1] {
            let Err(error) = decode_set(transfer::dataset(&set[..length]), |_| true) else { panic!("{length} bytes") };
            assert!(matches!(&error, Error::Corrupt { raw, .. } if raw.is_empty()));
        }
        assert!(decode_set(Vec::new(), |_| true).is_ok_and(|kept| kept.is_empty()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_an_answer_and_what_is_written_is_read(
            noise in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            templates in proptest::collection::vec((1..50_u16, 0..10_u8, proptest::collection::vec(1..=u8::MAX, 0..40)), 0..8),
        ) {
            let _ = (decode_set(noise.clone(), |_| true), decode_set(transfer::dataset(&noise), |_| true));
            let _ = Template::of_answer(0, noise);
            let set: Vec<u8> = templates.iter().flat_map(|(slot, finger, bytes)| entry(*slot, *finger, 1, bytes)).collect();
            let read = decode_set(transfer::dataset(&set), |_| true).unwrap();
            let read = read.iter().map(|entry| (entry.slot, entry.template.finger, entry.template.bytes().to_vec()));
            proptest::prop_assert_eq!(read.collect::<Vec<_>>(), templates);
        }
    }

    #[test]
    fn a_single_template_is_freed_of_its_padding() {
        let bytes = |answer: &[u8]| Template::of_answer(3, answer.to_vec()).map(|template| template.bytes().to_vec());
        assert_eq!(bytes(b"abc\0").as_deref(), Some(&b"abc"[..]));
        assert_eq!(bytes(b"abc\0\0\0\0\0\0\0").as_deref(), Some(&b"abc"[..]));
        assert_eq!(bytes(b"\0"), None);
        assert_eq!(bytes(b""), None);
    }

    #[test]
    fn a_template_prints_nothing_of_the_finger_but_its_number() {
        let template = Template::of_answer(3, b"ridges\0".to_vec()).unwrap();
        assert_eq!(format!("{template:?}"), "Template { finger: 3, flag: 1, .. }");
    }
}
