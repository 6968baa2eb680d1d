//! The settings that a terminal posts: `table=options`, one line of `key=value` separated by commas (adms 6.5).

/// The pairs in order. Values may contain commas, so a comma separates only where `key=` follows; keys may start with
/// `~`, which is kept.
pub fn pairs(body: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = body;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|c: char| c == ',' || c == '\0' || c.is_ascii_whitespace());
            if rest.is_empty() {
                return None;
            }
            let (pair, after) = rest.split_at(pair_end(rest));
            rest = after;
            if let Some((key, value)) = pair.split_once('=') {
                return Some((key.trim(), value.trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace())));
            }
        }
    })
}

/// Where the first pair ends: at a line end, or at a comma after which a key and `=` follow.
fn pair_end(text: &str) -> usize {
    text.char_indices()
        .find(|(at, c)| match c {
            '\r' | '\n' => true,
            ',' => starts_with_key(text.get(at + 1..).unwrap_or_default()),
            _ => false,
        })
        .map_or(text.len(), |(at, _)| at)
}

/// A key is letters, digits and `_`, perhaps with `~` in front.
fn starts_with_key(text: &str) -> bool {
    let text = text.strip_prefix('~').unwrap_or(text);
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let after = text.trim_start_matches(is_key);
    after.len() < text.len() && after.starts_with('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_inside_a_value_does_not_split_it() {
        let body = "~DeviceName=X903,~OEMVendor=ZKTECO CO., LTD.,UserCount=8,~MaxPvCount=,PvCount=0\n";
        let all: Vec<_> = pairs(body).collect();
        assert_eq!(
            all,
            [
                ("~DeviceName", "X903"),
                ("~OEMVendor", "ZKTECO CO., LTD."),
                ("UserCount", "8"),
                ("~MaxPvCount", ""),
                ("PvCount", "0"),
            ]
        );
    }

    #[test]
    fn text_that_is_no_pair_is_skipped() {
        assert_eq!(pairs("nonsense\nA=1").collect::<Vec<_>>(), [("A", "1")]);
        assert_eq!(pairs(",,\0\n").count(), 0);
    }
}
