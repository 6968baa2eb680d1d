"""Fresh Debian systems in folders, with Punchclock's package in them."""

import shlex
import shutil
import subprocess
from pathlib import Path

from means import CACHE, PROGRAM, ROOT, skip

PACKAGING = ROOT / "packaging"
SYSTEMS = {"bookworm": "Debian 12", "trixie": "Debian 13"}
# Where the package lies in a system, and what it makes there.
WHERE = "opt/punchclock"
DATA = "/var/lib/punchclock"
UNIT = "etc/systemd/system/punchclock.service"


class Machine:
    """A system in a folder, with the package in /opt/punchclock."""

    def __init__(self, system: Path):
        self.system = system
        package = system / WHERE
        package.mkdir(parents=True)
        for name in ("install.sh", "punchclock.service", "punchclock.toml"):
            shutil.copy2(PACKAGING / name, package)
        shutil.copy2(PROGRAM, package / "punchclock")

    def command(self, line: str) -> list[str]:
        """A command line of this system as one of ours."""
        return ["chroot", str(self.system), *shlex.split(line)]

    def run(self, line: str, code: int = 0) -> str:
        """What a command prints, which ends with that code."""
        done = subprocess.run(self.command(line), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == code, f"{line}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def install(self, arguments: str = "", code: int = 0) -> str:
        return self.run(f"/{WHERE}/install.sh {arguments}", code)


def fresh(suite: str, folder: Path) -> Path | None:
    """A fresh system of that suite below `folder`, in which our executable can run. None, loudly, where there can't be one."""
    system = folder / suite
    if not (unpack(suite, system) or make(suite, system)):
        return None
    trial = system / "tmp/punchclock"
    shutil.copy2(PROGRAM, trial)
    runs = subprocess.run(["chroot", system, "/tmp/punchclock", "--version"], capture_output=True, text=True)
    trial.unlink()
    if "GLIBC" in runs.stderr:
        skip(f"this executable was built on a newer system than {SYSTEMS[suite]}: {runs.stderr.strip()}")
        return None
    return system


def furnished(suite: str, folder: Path, packages: set[str]) -> Path | None:
    """As `fresh`, with packages of Debian installed, whose services were not started yet. It is kept packed, too."""
    name, system = "+".join([suite, *sorted(packages)]), folder / suite
    if unpack(name, system):
        return system
    if fresh(suite, folder) is None:
        return None
    resolver, no_services = system / "etc/resolv.conf", system / "usr/sbin/policy-rc.d"
    shutil.copy2("/etc/resolv.conf", resolver)
    no_services.write_text("#!/bin/sh\nexit 101\n")
    no_services.chmod(0o755)
    install = f"apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {shlex.join(packages)}"
    done = subprocess.run(["chroot", system, "sh", "-c", install], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        skip(f"{SYSTEMS[suite]} could not get {' '.join(sorted(packages))}: {done.stdout.strip().splitlines()[-1:]}")
        shutil.rmtree(system)
        return None
    resolver.unlink()
    no_services.unlink()
    pack(name, system)
    return system


def packed(name: str) -> Path:
    return CACHE / "debian" / f"{name}.tar"


def unpack(name: str, system: Path) -> bool:
    if not packed(name).exists():
        return False
    system.mkdir()
    subprocess.run(["tar", "--extract", "--numeric-owner", "--file", packed(name), "--directory", system], check=True)
    return True


def pack(name: str, system: Path) -> None:
    shutil.rmtree(system / "var/cache/apt", ignore_errors=True)
    packed(name).parent.mkdir(parents=True, exist_ok=True)
    half = packed(name).with_suffix(".half")
    subprocess.run(["tar", "--create", "--numeric-owner", "--file", half, "--directory", system, "."], check=True)
    half.rename(packed(name))


def make(suite: str, system: Path) -> bool:
    """Makes a system, which takes a minute, and keeps it packed."""
    include = "--include=systemd,ca-certificates"
    made = subprocess.run(["debootstrap", "--variant=minbase", include, suite, system], capture_output=True, text=True)
    if made.returncode != 0:
        skip(f"{SYSTEMS[suite]} could not be made by debootstrap: {made.stdout.strip().splitlines()[-1:]}")
        return False
    pack(suite, system)
    return True
