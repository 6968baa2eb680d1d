//! The user table and its templates, as the menu and both protocols change them.

use zk::User;
use zk::record::template::TemplateKey;

use super::operations::kind;
use super::{Happening, Template, Terminal, UserRefused};

impl Terminal {
    /// The user table, by slot.
    pub fn users(&self) -> Vec<User> {
        self.state().users.iter().cloned().collect()
    }

    /// Who was added or changed after that change, and the number of the last change.
    pub(crate) fn users_changed_since(&self, change: u64) -> (Vec<User>, u64) {
        let state = self.state();
        (state.users.changed_since(change), state.users.changes())
    }

    /// The slot of a user number.
    pub fn slot_of(&self, number: &str) -> Option<u16> {
        self.state().users.slot_of(number)
    }

    /// Writes somebody into the slot that the record names, as USER_WRQ does.
    ///
    /// # Errors
    /// When the record names nobody, the number is in another slot, or the table is full.
    pub fn write_user(&self, user: User) -> Result<(), UserRefused> {
        self.change(|state| {
            let (slot, number) = (user.slot, user.number.clone());
            let is_new = state.users.write(user)?;
            state.note(if is_new { kind::NEW_USER } else { kind::USER_CHANGED }, &number, [slot, 0, 0, 0]);
            Ok(())
        })
    }

    /// Gives somebody a place in the table, that of their number if it has one; returns the slot.
    ///
    /// # Errors
    /// When there is no number or the table is full.
    pub fn put_user(&self, user: User) -> Result<u16, UserRefused> {
        self.change(|state| {
            let number = user.number.clone();
            let (slot, is_new) = state.users.put(user)?;
            state.note(if is_new { kind::NEW_USER } else { kind::USER_CHANGED }, &number, [slot, 0, 0, 0]);
            Ok(slot)
        })
    }

    /// Takes somebody out of the table, templates included; their punches stay in the log. Returns who it was.
    pub fn delete_user(&self, slot: u16) -> Option<User> {
        self.change(|state| {
            let user = state.users.delete(slot)?;
            state.templates.delete_user(slot);
            state.note(kind::USER_DELETED, &user.number, [slot, 0, 0, 0]);
            Some(user)
        })
    }

    /// Empties the user table, templates included.
    pub(crate) fn clear_users(&self) {
        self.change(|state| {
            state.users.clear();
            state.templates.clear();
            state.note(kind::DATA_CLEARED, "", [0; 4]);
        });
    }

    /// Makes everybody an ordinary user.
    pub(crate) fn clear_administrators(&self) {
        self.change(|state| {
            state.users.clear_administrators();
            state.note(kind::ADMINISTRATORS_CLEARED, "", [0; 4]);
        });
    }

    /// A finger template.
    pub fn template(&self, key: TemplateKey) -> Option<Template> {
        self.state().templates.get(key).cloned()
    }

    /// All finger templates, by slot and finger.
    pub(crate) fn templates(&self) -> Vec<(TemplateKey, Template)> {
        self.state().templates.iter().map(|(key, template)| (key, template.clone())).collect()
    }

    /// Stores a template of somebody in the table. False when the slot is free or there is no room.
    pub fn write_template(&self, key: TemplateKey, template: Template) -> bool {
        self.change(|state| {
            let Some(number) = state.users.get(key.slot).map(|user| user.number.clone()) else { return false };
            let size = template.bytes.len() as u16;
            let is_written = state.templates.write(key, template);
            if is_written {
                state.note(kind::FINGER_ENROLLED, &number, [key.slot, u16::from(key.finger), size, 0]);
            }
            is_written
        })
    }

    /// Somebody in the table puts a finger on the sensor to enrol it; the template is made up. False as
    /// [`Terminal::write_template`].
    pub fn enrol(&self, key: TemplateKey) -> bool {
        let template = Template::made_up(self.seed, key);
        let template_bytes = template.bytes.len();
        let number = self.state().users.get(key.slot).map(|user| user.number.clone());
        let is_enrolled = self.write_template(key, template);
        if let Some(number) = number.filter(|_| is_enrolled) {
            self.tell(Happening::Enrolled { key, number, template_bytes });
        }
        is_enrolled
    }

    /// Whether there was one.
    pub(crate) fn delete_template(&self, key: TemplateKey) -> bool {
        self.change(|state| {
            let is_deleted = state.templates.delete(key);
            if is_deleted {
                let number = state.users.get(key.slot).map(|user| user.number.clone()).unwrap_or_default();
                state.note(kind::FINGER_DELETED, &number, [key.slot, u16::from(key.finger), 0, 0]);
            }
            is_deleted
        })
    }

    /// Deletes all templates.
    pub(crate) fn clear_templates(&self) {
        self.change(|state| {
            state.templates.clear();
            state.note(kind::DATA_CLEARED, "", [2, 0, 0, 0]);
        });
    }
}
