//! Whether a caller is the terminal whose serial it says. A serial is no secret; a terminal may be pinned to a key (adms 11).
//!
//! The key is shown with each request, as `ComKey` or in the path before `/iclock`, or in the handshake alone, as
//! `pushcommkey`. In that case whoever calls from the same address may go on without it, until the key is another one.

use std::fmt;
use std::net::IpAddr;

use adms::Shown;

/// An address that has shown a key in a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// Where it called from.
    pub from: IpAddr,
    /// The hash of the key that it showed.
    pub key: blake3::Hash,
}

/// What a call shows of who makes it.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// Where it comes from.
    pub from: IpAddr,
    /// Its keys.
    pub shown: &'a Shown<'a>,
    /// It opens the conversation: it must show the key.
    pub is_handshake: bool,
}

/// What is thought of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It may go on.
    Known,
    /// It may, and so may whoever calls from its address.
    Admitted(Admission),
    /// It may not.
    Doubted(Doubt),
}

/// Why a caller is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It shows no key.
    NoKey,
    /// It shows another one.
    OtherKey,
    /// Nobody knows which key it must show: the hub, or this edge, can't read it.
    KeyUnknown,
}

/// Judges a caller whose serial is pinned to `pinned`, an empty text when that key can't be read. `admitted` is the
/// address that was admitted before.
///
/// Keys are compared by their hashes, whose comparison takes the same time for all.
pub fn judge(pinned: &str, caller: Caller<'_>, admitted: Option<Admission>) -> Judgement {
    if pinned.is_empty() {
        return Judgement::Doubted(Doubt::KeyUnknown);
    }
    let admission = Admission { from: caller.from, key: blake3::hash(pinned.as_bytes()) };
    let Shown { path, com_key, push_comm_key } = caller.shown;
    let is_right =
        |key: &Option<_>| key.as_deref().is_some_and(|key: &str| blake3::hash(key.as_bytes()) == admission.key);
    if is_right(path) || is_right(com_key) {
        Judgement::Known
    } else if caller.is_handshake && is_right(push_comm_key) {
        Judgement::Admitted(admission)
    } else if !caller.is_handshake && admitted == Some(admission) {
        Judgement::Known
    } else if path.is_some() || com_key.is_some() || push_comm_key.is_some() {
        Judgement::Doubted(Doubt::OtherKey)
    } else {
        Judgement::Doubted(Doubt::NoKey)
    }
}

impl fmt::Display for Doubt {
    /// What the caller did not do, and the cure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "does not show the key of this terminal; enter the key there, or look who else it is",
            Self::OtherKey => {
                "shows another key than this terminal's; correct the key there, or give the hub this one with `punchclock terminal add ... \
                 --push-key-file F`, or look who else it is"
            }
            Self::KeyUnknown => {
                "must show a key that the hub can't read; give it to the hub again with `punchclock terminal add ... --push-key-file F`"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 10));

    fn shown(path: &'static str, com_key: &'static str, push_comm_key: &'static str) -> Shown<'static> {
        let some = |key: &'static str| (!key.is_empty()).then_some(key.into());
        Shown { path: some(path), com_key: some(com_key), push_comm_key: some(push_comm_key) }
    }

    fn judged(shown: &Shown<'_>, is_handshake: bool, from: IpAddr, admitted: Option<Admission>) -> Judgement {
        judge("right", Caller { from, shown, is_handshake }, admitted)
    }

    #[test]
    fn a_key_that_comes_with_each_request_must_come_with_each_request() {
        for right in
            [shown("right", "", ""), shown("", "right", ""), shown("", "right", "right"), shown("right", "8", "8")]
        {
            for is_handshake in [true, false] {
                assert_eq!(judged(&right, is_handshake, HERE, None), Judgement::Known, "no address is admitted by it");
            }
        }
        assert_eq!(judged(&shown("", "", ""), false, HERE, None), Judgement::Doubted(Doubt::NoKey));
        for wrong in [shown("wrong", "", ""), shown("", "wrong", ""), shown("", "", "wrong"), shown("", "Right", "")] {
            assert_eq!(judged(&wrong, true, HERE, None), Judgement::Doubted(Doubt::OtherKey));
        }
    }

    #[test]
    fn a_key_that_comes_in_the_handshake_alone_admits_the_address() {
        let Judgement::Admitted(admission) = judged(&shown("", "", "right"), true, HERE, None) else {
            panic!("it is admitted")
        };
        assert_eq!(admission.from, HERE);
        let (nothing, other) = (shown("", "", ""), shown("", "88888888", ""));
        let again = |shown: &Shown<'_>, is_handshake, from| judged(shown, is_handshake, from, Some(admission));
        assert_eq!(again(&nothing, false, HERE), Judgement::Known);
        assert_eq!(again(&other, false, HERE), Judgement::Known, "terminals send their default ComKey as well");
        assert_eq!(again(&nothing, false, ELSEWHERE), Judgement::Doubted(Doubt::NoKey));
        assert_eq!(again(&nothing, true, HERE), Judgement::Doubted(Doubt::NoKey), "it opens anew");
        let caller = Caller { from: HERE, shown: &nothing, is_handshake: false };
        assert_eq!(judge("new", caller, Some(admission)), Judgement::Doubted(Doubt::NoKey), "the key was changed");
    }

    #[test]
    fn without_a_known_key_nobody_is_believed() {
        for shown in [shown("", "", ""), shown("right", "right", "right")] {
            let caller = Caller { from: HERE, shown: &shown, is_handshake: true };
            assert_eq!(judge("", caller, None), Judgement::Doubted(Doubt::KeyUnknown));
        }
    }
}
