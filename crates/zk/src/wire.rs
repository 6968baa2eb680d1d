//! Reading little-endian integers from slices that may be too short.

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    array_at(bytes, offset).map(u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    array_at(bytes, offset).map(u32::from_le_bytes)
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// The bytes before the first NUL; what follows it may be garbage (zk 7.2).
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Writes `text` into a NUL padded field, cut to its width.
pub(crate) fn put_padded(field: &mut [u8], text: &[u8]) {
    let len = text.len().min(field.len());
    let (head, tail) = field.split_at_mut(len);
    head.copy_from_slice(text.get(..len).unwrap_or_default());
    tail.fill(0);
}
