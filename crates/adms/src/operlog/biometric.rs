//! Templates and pictures (adms 6.2, 6.3). They are read in place and copied nowhere: attendance counts them and lets go.

use std::fmt;

use crate::line;
use crate::text;

/// The kinds of lines that carry biometric data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BiometricKind {
    /// `FP`, `FINGERTMP`: a finger's template.
    Finger,
    /// `FACE`: a near-infrared face; 16 arbitrary bytes precede the template.
    Face,
    /// `FVEIN`: a finger vein's.
    FingerVein,
    /// `BIODATA`: any, by its [`BiometricType`].
    BioData,
    /// `USERPIC`: the picture that the terminal shows.
    UserPicture,
    /// `BIOPHOTO`: the picture that faces are compared with.
    ComparisonPicture,
}

/// One template or picture. `Debug` does not show its content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Biometric<'a> {
    /// Which kind of line it was.
    pub kind: BiometricKind,
    /// The user's number.
    pub pin: &'a [u8],
    /// `FID` or `No`: a finger 0 to 9 from the left little one to the right little one, an eye or palm 0 left or 1 right,
    /// 0 for a face.
    pub number: Option<u16>,
    /// Part of a template that has several.
    pub index: Option<u16>,
    /// 0 invalid, 1 valid, 3 for duress (fingers).
    pub valid: Option<u16>,
    /// `Duress` of BIODATA.
    pub duress: Option<u16>,
    /// `Type` of BIODATA and BIOPHOTO.
    pub biometric_type: Option<BiometricType>,
    /// `MajorVer` and `MinorVer` of the algorithm as text, `10` and `0`.
    pub version: (&'a [u8], &'a [u8]),
    /// 0 of ZK, 1 ISO, 2 ANSI.
    pub format: Option<u16>,
    /// Length of the base64 as the terminal says it; it need not be right.
    pub size: Option<u64>,
    /// Name of a picture. It comes from the device: never use it as a path.
    pub file_name: &'a [u8],
    /// Template or JPEG in base64.
    pub content: &'a [u8],
}

/// What a template is of (adms 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BiometricType {
    /// 0
    Generic,
    /// 1
    Finger,
    /// 2: near-infrared face.
    InfraredFace,
    /// 3
    Voice,
    /// 4
    Iris,
    /// 5
    Retina,
    /// 6
    PalmPrint,
    /// 7
    FingerVein,
    /// 8
    PalmVein,
    /// 9: visible-light face.
    VisibleFace,
    /// 10: visible-light palm.
    VisiblePalm,
    /// Another number.
    Other(u16),
}

impl BiometricType {
    /// The type of a number.
    pub const fn of(number: u16) -> Self {
        match number {
            0 => Self::Generic,
            1 => Self::Finger,
            2 => Self::InfraredFace,
            3 => Self::Voice,
            4 => Self::Iris,
            5 => Self::Retina,
            6 => Self::PalmPrint,
            7 => Self::FingerVein,
            8 => Self::PalmVein,
            9 => Self::VisibleFace,
            10 => Self::VisiblePalm,
            other => Self::Other(other),
        }
    }
}

impl BiometricKind {
    pub(super) fn of_tag(tag: &[u8]) -> Option<Self> {
        let is = |name: &str| tag.eq_ignore_ascii_case(name.as_bytes());
        if is("FP") || is("FINGERTMP") {
            Some(Self::Finger)
        } else if is("FACE") {
            Some(Self::Face)
        } else if is("FVEIN") {
            Some(Self::FingerVein)
        } else if is("BIODATA") {
            Some(Self::BioData)
        } else if is("USERPIC") {
            Some(Self::UserPicture)
        } else if is("BIOPHOTO") {
            Some(Self::ComparisonPicture)
        } else {
            None
        }
    }
}

impl<'a> Biometric<'a> {
    pub(super) fn read(kind: BiometricKind, payload: &'a [u8]) -> Self {
        let mut line = Self {
            kind,
            pin: &[],
            number: None,
            index: None,
            valid: None,
            duress: None,
            biometric_type: None,
            version: (&[], &[]),
            format: None,
            size: None,
            file_name: &[],
            content: &[],
        };
        for (key, value) in line::pairs(payload) {
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            let value = text::trim(value);
            if is("PIN") {
                line.pin = value;
            } else if is("FID") || is("No") {
                line.number = text::number(value);
            } else if is("Index") {
                line.index = text::number(value);
            } else if is("Valid") {
                line.valid = text::number(value);
            } else if is("Duress") {
                line.duress = text::number(value);
            } else if is("Type") {
                line.biometric_type = text::number(value).map(BiometricType::of);
            } else if is("MajorVer") {
                line.version.0 = value;
            } else if is("MinorVer") {
                line.version.1 = value;
            } else if is("Format") {
                line.format = text::number(value);
            } else if is("Size") {
                line.size = text::number(value);
            } else if is("FileName") {
                line.file_name = value;
            } else if is("TMP") || is("Content") {
                line.content = value;
            }
        }
        line
    }
}

impl fmt::Debug for Biometric<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Biometric")
            .field("kind", &self.kind)
            .field("pin", &text::decode(self.pin))
            .field("biometric_type", &self.biometric_type)
            .field("content_bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}
