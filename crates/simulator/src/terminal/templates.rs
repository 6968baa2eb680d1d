//! Finger templates: opaque, and made up of chance. No simulated terminal holds anybody's finger.

use std::collections::BTreeMap;

use zk::record::template::TemplateKey;

use crate::random::Random;

/// A template: bytes that only a terminal understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// 0 invalid, 1 valid, 3 under duress.
    pub flag: u8,
    /// The bytes.
    pub bytes: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Templates {
    by_key: BTreeMap<TemplateKey, Template>,
    capacity: usize,
}

impl Template {
    /// Bytes of the size that real ones have, the same for the same seed.
    pub(crate) fn made_up(seed: u64, key: TemplateKey) -> Template {
        let mut random = Random::of(&[seed, u64::from(key.slot), u64::from(key.finger)]);
        let size = random.between(500, 1200);
        // Never a zero at the end: terminals pad with them, and clients strip them.
        let bytes = (0..size).map(|_| random.between(1, 255) as u8).collect();
        Template { flag: 1, bytes }
    }
}

impl Templates {
    pub(crate) fn new(capacity: usize) -> Templates {
        Templates { by_key: BTreeMap::new(), capacity }
    }

    /// No template above this number is added any more; those that are there stay.
    pub(crate) fn limit(&mut self, capacity: usize) {
        self.capacity = capacity.max(self.by_key.len());
    }

    /// False when there is no room.
    pub(crate) fn write(&mut self, key: TemplateKey, template: Template) -> bool {
        let fits = self.by_key.len() < self.capacity || self.by_key.contains_key(&key);
        if fits {
            self.by_key.insert(key, template);
        }
        fits
    }

    pub(crate) fn get(&self, key: TemplateKey) -> Option<&Template> {
        self.by_key.get(&key)
    }

    /// Whether there was one.
    pub(crate) fn delete(&mut self, key: TemplateKey) -> bool {
        self.by_key.remove(&key).is_some()
    }

    pub(crate) fn delete_user(&mut self, slot: u16) {
        self.by_key.retain(|key, _| key.slot != slot);
    }

    pub(crate) fn clear(&mut self) {
        self.by_key.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (TemplateKey, &Template)> {
        self.by_key.iter().map(|(key, template)| (*key, template))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }
}
