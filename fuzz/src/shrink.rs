//! A shorter input that shows the same, for people to read.

/// Leaves out of `input` what can be left out while `is_same` holds.
pub(crate) fn shrink(mut input: Vec<u8>, is_same: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut width = input.len().div_ceil(2);
    while width > 0 {
        let mut at = 0;
        while at < input.len() {
            let shorter = [&input[..at], &input[(at + width).min(input.len())..]].concat();
            if is_same(&shorter) {
                input = shorter;
            } else {
                at += width;
            }
        }
        width /= 2;
    }
    input
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn only_what_matters_is_left() {
        let input = b"aaaaXaaaaaaaaaYaaa".to_vec();
        assert_eq!(shrink(input, |input| input.contains(&b'X') && input.contains(&b'Y')), b"XY");
        assert_eq!(shrink(b"abc".to_vec(), |_| true), b"");
        assert_eq!(shrink(b"abc".to_vec(), |input| input == b"abc"), b"abc");
    }
}
