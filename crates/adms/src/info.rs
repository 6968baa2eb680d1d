//! The state report of `getrequest?INFO=` (adms 7).

use std::borrow::Cow;

/// What a terminal reports about itself. Older firmware stops after 6 or 9 positions; one that is missing, `-1` or no
/// number is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Info<'a> {
    /// Firmware version, for example `Ver 8.0.4.4-20190617`.
    pub firmware: Cow<'a, str>,
    /// Number of users.
    pub users: Option<u32>,
    /// Number of finger templates.
    pub fingers: Option<u32>,
    /// Number of punches in its log.
    pub punches: Option<u32>,
    /// Its own network address as text; may be empty.
    pub address: Cow<'a, str>,
    /// Version of the finger algorithm, 10 for 10.0.
    pub finger_algorithm: Option<u32>,
    /// Version of the face algorithm.
    pub face_algorithm: Option<u32>,
    /// Pictures that are needed to enrol a face.
    pub face_pictures: Option<u32>,
    /// Number of faces.
    pub faces: Option<u32>,
    /// What the terminal can do.
    pub features: Option<Features>,
    /// Number of cards.
    pub cards: Option<u32>,
    /// Number of users' pictures.
    pub user_pictures: Option<u32>,
    /// Number of photos that were taken at punches.
    pub photos: Option<u32>,
}

/// The bits of position 10, a string like `101`; positions that are missing are off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// Fingers.
    pub finger: bool,
    /// Faces (near-infrared).
    pub face: bool,
    /// Pictures of users.
    pub user_picture: bool,
    /// Pictures that faces are compared with.
    pub comparison_picture: bool,
    /// Faces in visible light.
    pub visible_face: bool,
}

impl<'a> Info<'a> {
    /// Reads the already decoded value of `INFO`.
    pub fn read(value: &'a str) -> Self {
        let position = |number: usize| value.split(',').nth(number - 1).map(str::trim).unwrap_or_default();
        let count = |number: usize| position(number).parse().ok();
        Self {
            firmware: Cow::Borrowed(position(1)),
            users: count(2),
            fingers: count(3),
            punches: count(4),
            address: Cow::Borrowed(position(5)),
            finger_algorithm: count(6),
            face_algorithm: count(7),
            face_pictures: count(8),
            faces: count(9),
            features: Features::read(position(10)),
            cards: count(11),
            user_pictures: count(12),
            photos: count(13),
        }
    }
}

impl Features {
    fn read(bits: &str) -> Option<Self> {
        let is_bits = !bits.is_empty() && bits.bytes().all(|byte| matches!(byte, b'0' | b'1'));
        let bit = |at: usize| bits.as_bytes().get(at) == Some(&b'1');
        is_bits.then(|| Self {
            finger: bit(0),
            face: bit(1),
            user_picture: bit(2),
            comparison_picture: bit(3),
            visible_face: bit(4),
        })
    }
}
