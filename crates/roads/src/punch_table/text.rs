//! The bytes of a table as UTF-8, a piece at a time.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

const PIECE_BYTES: usize = 16 * 1024;

/// What the bytes of a file are, by its mark, by the zeros of UTF-16, or as somebody said.
pub(super) fn encoding(head: &[u8], said: Option<&'static Encoding>) -> &'static Encoding {
    if let Some((found, _)) = Encoding::for_bom(head) {
        return found;
    }
    match head {
        [0, second, ..] if *second != 0 => UTF_16BE,
        [first, 0, ..] if *first != 0 => UTF_16LE,
        _ => said.unwrap_or(UTF_8),
    }
}

/// Reads another encoding as UTF-8. The mark in front is taken off; what can't be read is replaced by its sign.
pub(super) struct AsUtf8<R> {
    from: R,
    decoder: Decoder,
    piece: Vec<u8>,
    ready: String,
    at: usize,
    is_over: bool,
}

impl<R: Read> AsUtf8<R> {
    pub(super) fn new(from: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { from, decoder, piece: vec![0; PIECE_BYTES], ready: String::new(), at: 0, is_over: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = self.from.read(&mut self.piece)?;
        self.is_over = read == 0;
        self.ready.clear();
        self.at = 0;
        let mut rest = self.piece.get(..read).unwrap_or_default();
        loop {
            self.ready.reserve(self.decoder.max_utf8_buffer_length(rest.len()).unwrap_or(PIECE_BYTES));
            let (result, taken, _) = self.decoder.decode_to_string(rest, &mut self.ready, self.is_over);
            rest = rest.get(taken..).unwrap_or_default();
            if result == CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}

impl<R: Read> Read for AsUtf8<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() && !self.is_over {
            self.fill()?;
        }
        let ready = self.ready.as_bytes().get(self.at..).unwrap_or_default();
        let some = ready.len().min(into.len());
        if let (Some(into), Some(ready)) = (into.get_mut(..some), ready.get(..some)) {
            into.copy_from_slice(ready);
        }
        self.at += some;
        Ok(some)
    }
}
