//! The session cookie: 32 random bytes that only this browser and, as a hash, the store know.

use axum::http::{HeaderMap, HeaderValue, header};

/// Its name.
const NAME: &str = "punchclock_session";

/// Random bytes for a token or a salt.
///
/// # Errors
/// When the system gives none.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// The token that a browser sent.
pub(crate) fn token_of(headers: &HeaderMap) -> Option<[u8; 32]> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).and_then(|(_, value)| from_hex(value))
}

/// The header that sets the cookie. It ends with the browser's session, or when the hub's session ends.
pub(crate) fn cookie(token: &[u8; 32], is_secure: bool) -> HeaderValue {
    let hex: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    header(&format!("{NAME}={hex}"), is_secure)
}

/// The header that removes the cookie.
pub(crate) fn no_cookie(is_secure: bool) -> HeaderValue {
    header(&format!("{NAME}=; Max-Age=0"), is_secure)
}

fn header(start: &str, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{start}; Path=/; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut token = [0; 32];
    for (at, byte) in token.iter_mut().enumerate() {
        *byte = digits
            .then(|| text.get(2 * at..2 * at + 2))
            .flatten()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())?;
    }
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_comes_back_as_the_token_it_was() {
        let token: [u8; 32] = std::array::from_fn(|at| at as u8 * 7);
        let set = cookie(&token, true);
        let set = set.to_str().unwrap();
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{set}");
        let mut headers = HeaderMap::new();
        let pair = set.split(';').next().unwrap();
        headers.insert(header::COOKIE, format!("theme=dark; {pair}").parse().unwrap());
        assert_eq!(token_of(&headers), Some(token));
    }

    #[test]
    fn anything_else_is_no_token() {
        for wrong in ["", "punchclock_session=", "punchclock_session=zz", "other=00"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, wrong.parse().unwrap());
            assert_eq!(token_of(&headers), None, "{wrong}");
        }
    }
}
