//! What became of rows of punches, whatever they were read from.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use anyhow::Context as _;
use hub::{CsvTable, Reasons, ReportRow, Told};

/// What is told of rows: as a file each, and in sum on standard error.
pub(super) struct RowReport {
    csv: Option<CsvTable<BufWriter<File>>>,
    failed: Option<io::Error>,
    reasons: Reasons,
}

impl RowReport {
    pub(super) fn new(file: Option<&Path>) -> anyhow::Result<Self> {
        let csv = |path: &Path| {
            let file = File::create(path).with_context(|| format!("{} can't be written", path.display()))?;
            anyhow::Ok(CsvTable::new(BufWriter::new(file), ["row", "user", "time", "outcome", "why"])?)
        };
        Ok(Self { csv: file.map(csv).transpose()?, failed: None, reasons: Reasons::default() })
    }

    pub(super) fn add(&mut self, part: &[Told<'_>]) {
        self.reasons.add(part);
        let Some(csv) = &mut self.csv else { return };
        for ReportRow { row, user, time, outcome, why } in part.iter().map(ReportRow::from) {
            let written = csv.row([row, user, time, outcome, why]);
            self.failed = self.failed.take().or(written.err());
        }
    }

    /// Says why rows were not taken, or would not be; how many were refused that nobody asked to be.
    pub(super) fn finish(self, is_dry_run: bool) -> anyhow::Result<u64> {
        self.reasons.lines(usize::MAX).iter().for_each(|line| eprintln!("{line}"));
        let written = self.failed.map_or(Ok(()), Err).and_then(|()| self.csv.map_or(Ok(()), CsvTable::finish));
        written.context(match is_dry_run {
            true => "the report can't be written; nothing was changed",
            false => "the report can't be written; the punches were taken",
        })?;
        Ok(self.reasons.refused())
    }
}
