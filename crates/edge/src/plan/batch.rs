//! How much is sent at once: a line that breaks again and again within a large batch must still carry a small one.

/// Payload bytes of a whole batch; base64 and JSON make about twice as much of it.
const WHOLE_BYTES: usize = 512 << 10;
/// The smallest batch is this part of a whole one, as a power of two: some thirty items, a few kilobytes.
const MOST_HALVINGS: u32 = 6;

/// The size of the next batch: half after each failure, twice as much after each success.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchSize {
    halvings: u32,
}

impl BatchSize {
    /// Most items.
    pub const fn items(self) -> usize {
        link::MAX_ITEMS >> self.halvings
    }

    /// Payload bytes after which no item is added.
    pub const fn bytes(self) -> usize {
        WHOLE_BYTES >> self.halvings
    }

    /// After a batch that did not arrive, or whose answer did not.
    #[must_use]
    pub const fn after_failure(self) -> Self {
        let halvings = if self.halvings < MOST_HALVINGS { self.halvings + 1 } else { MOST_HALVINGS };
        Self { halvings }
    }

    /// After a batch that was answered.
    #[must_use]
    pub const fn after_success(self) -> Self {
        Self { halvings: self.halvings.saturating_sub(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_shrink_until_they_pass_and_grow_again() {
        let mut size = BatchSize::default();
        assert_eq!((size.items(), size.bytes()), (link::MAX_ITEMS, 512 << 10));
        let sizes: Vec<usize> = (0..8)
            .map(|_| {
                size = size.after_failure();
                size.items()
            })
            .collect();
        assert_eq!(sizes, [1000, 500, 250, 125, 62, 31, 31, 31]);
        assert_eq!(size.bytes(), 8 << 10);
        let whole = (0..6).fold(size, |size, _| size.after_success());
        assert_eq!(whole, BatchSize::default());
        assert_eq!(whole.after_success(), whole, "no more than a whole one");
    }
}
