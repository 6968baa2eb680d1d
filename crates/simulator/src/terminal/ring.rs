//! A list that grows at its end and may lose its beginning: a position names the same item for ever.

use std::collections::VecDeque;
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Ring<T> {
    items: VecDeque<T>,
    /// Position of the first item that is still there.
    start: usize,
}

impl<T> Default for Ring<T> {
    fn default() -> Ring<T> {
        Ring { items: VecDeque::new(), start: 0 }
    }
}

impl<T: Clone> Ring<T> {
    pub(crate) fn push(&mut self, item: T) {
        self.items.push_back(item);
    }

    pub(crate) fn drop_first(&mut self) {
        self.start += usize::from(self.items.pop_front().is_some());
    }

    pub(crate) fn clear(&mut self) {
        self.start = self.end();
        self.items.clear();
    }

    /// Items that are there.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Position of the next item.
    pub(crate) fn end(&self) -> usize {
        self.start + self.items.len()
    }

    /// The items at these positions that are there, and the position of the first of them.
    pub(crate) fn slice(&self, range: Range<usize>) -> (usize, Vec<T>) {
        let from = range.start.clamp(self.start, self.end());
        let to = range.end.clamp(from, self.end());
        (from, self.items.range(from - self.start..to - self.start).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_names_the_same_item_after_the_beginning_is_gone() {
        let mut ring = Ring::default();
        ('a'..='e').for_each(|item| ring.push(item));
        assert_eq!(ring.slice(2..4), (2, vec!['c', 'd']));
        ring.drop_first();
        ring.drop_first();
        assert_eq!(ring.slice(2..4), (2, vec!['c', 'd']));
        assert_eq!(ring.slice(0..3), (2, vec!['c']));
        ring.clear();
        assert_eq!((ring.len(), ring.end()), (0, 5));
        ring.push('f');
        assert_eq!(ring.slice(0..usize::MAX), (5, vec!['f']));
    }
}
