//! `hub certificate`: a certificate for a hub in an office without a name on the internet. Edges know it by its key.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use link::enrol::Pin;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::chance::now;
use crate::commands::Context;
use crate::show;

const CERTIFICATE: &str = "hub-certificate.pem";
const KEY: &str = "hub-key.pem";
/// Nobody trusts it by its dates: edges pin its key, and people confirm it once in their browser.
const YEARS: i32 = 10;

/// Makes certificate and key in the data folder, and says what to do with them.
pub(super) fn make(context: &Context, names: &[String]) -> anyhow::Result<()> {
    let folder = context.home.folder()?;
    let folder = std::path::absolute(folder).with_context(|| format!("the folder {}", folder.display()))?;
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    for there in [&certificate, &key] {
        if there.exists() {
            bail!(
                "{} is there already, and edges may know it by its key; to make another, move both files away and enrol those edges anew",
                there.display()
            );
        }
    }
    let mut wanted = rcgen::CertificateParams::new(names.to_vec())
        .with_context(|| format!("a certificate can't have the names {}", names.join(", ")))?;
    wanted.distinguished_name.push(rcgen::DnType::CommonName, "Punchclock hub");
    let year = now().to_zoned(jiff::tz::TimeZone::UTC).year();
    wanted.not_before = rcgen::date_time_ymd(i32::from(year) - 1, 1, 1);
    wanted.not_after = rcgen::date_time_ymd(i32::from(year) + YEARS, 1, 1);
    let pair = rcgen::KeyPair::generate().context("the system can't make a key")?;
    let made = wanted.self_signed(&pair).context("the certificate can't be made")?;
    write_new(&key, &pair.serialize_pem())?;
    write_new(&certificate, &made.pem())?;
    show::line(format!("certificate for {}: {}", names.join(", "), certificate.display()))?;
    show::line(format!("its key: {} (keep it to yourself)", key.display()))?;
    show::line(format!("pin: {}", pin_of_file(&certificate)?))?;
    show::line("to serve with it, write below [hub] in the settings file, and restart:")?;
    show::line(format!("tls_certificate = \"{}\"\ntls_key = \"{}\"", certificate.display(), key.display()))?;
    Ok(())
}

/// The pin of the first certificate in a PEM file.
pub(super) fn pin_of_file(file: &Path) -> anyhow::Result<Pin> {
    let cure = || format!("the certificate {} can't be read; it must be a PEM file", file.display());
    let certificate = CertificateDer::from_pem_file(file).with_context(cure)?;
    edge::pin_of(&certificate).with_context(cure)
}

fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        let mut new = std::fs::File::options().write(true).create_new(true).mode(0o600).open(file)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()
    };
    write().with_context(|| format!("{} can't be written", file.display()))
}
