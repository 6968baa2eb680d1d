//! The comm key: six digits that open a session (zk 4). It is a scramble, not a hash: whoever sees one AUTH frame knows the
//! key (zk 13), so it must not be logged.

/// The tick byte that the vendor's software uses.
pub const TICK: u8 = 50;

/// The AUTH data for `key` in session `session`.
pub fn scramble(key: u32, session: u16, tick: u8) -> [u8; 4] {
    let mixed = key.reverse_bits().wrapping_add(u32::from(session));
    let [_, b1, b2, b3] = mixed.to_le_bytes();
    // The halves change places; the third byte is replaced by the tick, so the lowest byte is never transmitted.
    [b2 ^ b'S' ^ tick, b3 ^ b'O' ^ tick, tick, b1 ^ b'K' ^ tick]
}

/// Whether `data` is the scramble of `key`, with whatever tick the client chose: the terminal's side of AUTH.
pub fn verify(key: u32, session: u16, data: &[u8]) -> bool {
    data.get(2).is_some_and(|tick| data == scramble(key, session, *tick))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// zk 14.2.
    #[test]
    fn keys_scramble_as_the_vendor_does() {
        for (key, session, expected) in [
            (0, 0x0001, [0x61, 0x7d, 0x32, 0x79]),
            (0, 0x8DF3, [0x61, 0x7d, 0x32, 0xf4]),
            (1, 0x0000, [0x61, 0xfd, 0x32, 0x79]),
            (12, 0x45CF, [0x61, 0x4d, 0x32, 0x3c]),
            (45, 0x45CF, [0x61, 0xc9, 0x32, 0x3c]),
            (1234, 0x1F2E, [0x41, 0x36, 0x32, 0x66]),
            (1234, 0x1F99, [0x41, 0x36, 0x32, 0x66]),
            (5678, 0x1F2E, [0x09, 0x09, 0x32, 0x66]),
            (12345, 0x45CF, [0x6d, 0xe1, 0x32, 0x3c]),
            (12345, 0x46CF, [0x6d, 0xe1, 0x32, 0x3f]),
            (123_456, 0x1234, [0x26, 0x7f, 0x32, 0xeb]),
            (999_999, 0xFFFF, [0x22, 0x81, 0x32, 0x96]),
        ] {
            assert_eq!(scramble(key, session, TICK), expected, "key {key}, session {session:#06x}");
        }
    }

    #[test]
    fn a_terminal_recognises_its_key_with_any_tick_and_no_other_key() {
        for tick in [0, 1, 50, 255] {
            assert!(verify(12345, 0x45CF, &scramble(12345, 0x45CF, tick)));
        }
        assert!(!verify(12345, 0x45CF, &scramble(12346, 0x45CF, TICK)));
        assert!(!verify(0, 1, &[]));
        assert!(!verify(0, 1, &[0x61, 0x7d, 0x32, 0x79, 0]));
    }
}
