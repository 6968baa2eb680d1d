//! Progress of long work: a line that moves on a terminal, nothing in a pipe.

use indicatif::{ProgressBar, ProgressStyle};

/// A spinner with a text, on standard error; silent when that is no terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn start(text: &str) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(text.to_owned());
        Self(bar)
    }

    /// Shows that it goes on also while nothing is said.
    pub(crate) fn ticking(self) -> Self {
        self.0.enable_steady_tick(std::time::Duration::from_millis(100));
        self
    }

    pub(crate) fn say(&self, text: String) {
        self.0.set_message(text);
        self.0.tick();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
