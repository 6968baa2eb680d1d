#!/usr/bin/env python3
"""The service under a running systemd: Debian 12 and 13, each booted in a container of its own (systemd-nspawn).

It starts with the system, fenced in as its unit says. It is restarted when it is killed, and when its database does not let it
take its turn in time. The script upgrades and uninstalls it while it runs. The health check of the Dockerfile tells whether it serves.

PUNCHCLOCK_BIN says where the executable is; the fresh systems are kept in PUNCHCLOCK_CACHE. ./check sets both.
"""

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from debian import DATA, PACKAGING, SYSTEMS, UNIT, WHERE, Machine, fresh
from means import Server, has, skip, wait_until

CGROUPS = Path("/sys/fs/cgroup")


class Booted(Machine):
    """A system whose systemd runs: commands are run beside it."""

    leader = 0

    def command(self, line: str) -> list[str]:
        return ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "bash", "-c", line]

    def shows(self, name: str) -> str:
        """A property of the service."""
        return self.run(f"systemctl show punchclock --property {name} --value").strip()

    def is_active(self) -> bool:
        """Whether the service runs; false also while the system is not far enough to be asked."""
        asked = subprocess.run(self.command("systemctl is-active punchclock"), capture_output=True, text=True)
        return asked.stdout.strip() == "active"


def own_cgroups() -> list[Path]:
    """Groups for the container's processes, where this machine's own systemd can't be asked for them."""
    if Path("/run/systemd/system").exists():
        return []
    hierarchies = [CGROUPS] if (CGROUPS / "cgroup.procs").exists() else [path.parent for path in CGROUPS.glob("*/cgroup.procs")]
    groups = [hierarchy / f"punchclock-test-{os.getpid()}" for hierarchy in hierarchies]
    for group in groups:
        group.mkdir()
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (group / name).exists() and not (group / name).read_text().strip():
                (group / name).write_text((group.parent / name).read_text())
    return groups


def remove(group: Path) -> None:
    """Removes a group with what the container has made below it."""
    for path in sorted([group, *(path for path in group.rglob("*") if path.is_dir())], reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()


@contextlib.contextmanager
def booted(machine: Booted) -> Iterator[bool]:
    """The system, with its systemd running; false where this machine can't do that."""
    groups = own_cgroups()
    (machine.system / "etc/machine-id").write_text("")

    def enter() -> None:
        for group in groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    options = ["--boot", "--register=no", "--private-network", "--console=pipe", "--quiet"]
    container = Server(
        ["systemd-nspawn", f"--directory={machine.system}", *options, *(["--keep-unit"] if groups else [])],
        preexec_fn=enter,
        stdin=subprocess.DEVNULL,
    )
    pid = container.process.pid

    def has_leader() -> bool:
        with contextlib.suppress(FileNotFoundError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    machine.leader = int(child)
        return machine.leader != 0 or container.process.poll() is not None

    try:
        wait_until("the system to boot", has_leader)
        yield machine.leader != 0
        if machine.leader == 0:
            skip(f"no system can be booted in a container here: {container.lines[-1:]}")
    finally:
        if container.process.poll() is None:
            container.process.terminate()
            try:
                container.process.wait(60)
            except subprocess.TimeoutExpired:
                container.process.kill()
                container.process.wait()
        for group in groups:
            remove(group)


def it_starts_with_the_system_and_is_fenced_in(machine: Booted) -> None:
    wait_until("the service to be ready", machine.is_active)
    assert (machine.shows("Type"), machine.shows("NRestarts")) == ("notify", "0")
    journal = machine.run("journalctl --unit punchclock --no-pager --output cat")
    assert "give this code:" in journal and "\x1b" not in journal, journal
    status = machine.run(f"cat /proc/{machine.shows('MainPID')}/status")
    fence = dict(re.findall(r"^(NoNewPrivs|Seccomp|CapBnd):\t(\w+)$", status, re.MULTILINE))
    assert fence == {"NoNewPrivs": "1", "Seccomp": "2", "CapBnd": "0" * 16}, status
    inside = f"nsenter --target {machine.shows('MainPID')} --mount"
    machine.run(f"{inside} touch {DATA}/written /var/log/punchclock/written /tmp/written")
    for path in ("/etc/written", "/usr/local/written", "/var/written", "/home/written"):
        assert "Read-only file system" in machine.run(f"{inside} touch {path}", 1), path


def the_health_check_of_the_dockerfile_tells_whether_it_serves(machine: Booted) -> None:
    [check] = re.findall(r"HEALTHCHECK[^\n]*\n\s+CMD (\[.*\])", (PACKAGING / "Dockerfile").read_text())
    shell, option, script = json.loads(check)
    assert (shell, option) == ("bash", "-c")
    for port, is_healthy in ((8080, True), (8082, False)):
        done = subprocess.run(machine.command(f"HEALTH_PORT={port}\n{script}"), capture_output=True, text=True)
        assert (done.returncode == 0) == is_healthy, f"port {port}: {done}"


def it_is_restarted_when_it_is_killed(machine: Booted) -> None:
    machine.run("systemctl kill --signal KILL punchclock")
    wait_until("the restart", lambda: machine.shows("NRestarts") == "1" and machine.is_active())


def it_is_restarted_when_its_database_lets_it_take_no_turn(machine: Booted) -> None:
    drop_in = machine.system / f"{UNIT}.d/soon.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nWatchdogSec=2\nRestartSec=1\n")
    machine.run("systemctl daemon-reload; systemctl restart punchclock")
    with contextlib.closing(sqlite3.connect(machine.system / DATA[1:] / "hub.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        hung = "journalctl --unit punchclock --no-pager | grep --count 'Watchdog timeout' || true"
        wait_until("the watchdog", lambda: int(machine.run(hung)) > 0)
        other.execute("ROLLBACK")
    wait_until("the restart", machine.is_active)
    drop_in.unlink()


def it_is_upgraded_and_uninstalled_while_it_runs(machine: Booted) -> None:
    before = machine.shows("MainPID")
    newer = machine.system / WHERE / "punchclock"
    newer.write_bytes(newer.read_bytes() + b"newer")
    said = machine.install()
    assert "wrote /usr/local/bin/punchclock" in said and "the service runs" in said, said
    assert machine.is_active() and machine.shows("MainPID") != before

    settings = machine.system / "etc/punchclock/punchclock.toml"
    text = settings.read_text()
    settings.write_text(text + "\n[edge]\nkeep_days = 0\n")
    said = machine.install(code=1)
    assert "the service was not started" in said and "edge" in said, said
    settings.write_text(text)

    said = machine.install("--role edge")
    assert "the edge does not know its hub" in said, said
    said = machine.install("--uninstall")
    assert said.startswith("Punchclock is removed."), said
    assert machine.shows("LoadState") == "not-found" and machine.shows("ActiveState") == "inactive"
    assert (machine.system / DATA[1:] / "hub.sqlite").exists()


def test(suite: str, folder: Path) -> bool:
    system = fresh(suite, folder)
    if system is None:
        return False
    machine = Booted(system)
    subprocess.run([system / WHERE / "install.sh", "--root", system], check=True, stdout=subprocess.DEVNULL)
    with booted(machine) as is_running:
        if not is_running:
            return False
        it_starts_with_the_system_and_is_fenced_in(machine)
        the_health_check_of_the_dockerfile_tells_whether_it_serves(machine)
        it_is_restarted_when_it_is_killed(machine)
        it_is_restarted_when_its_database_lets_it_take_no_turn(machine)
        it_is_upgraded_and_uninstalled_while_it_runs(machine)
    print(f"{SYSTEMS[suite]}: started, fenced in, killed, hung, upgraded, uninstalled")
    return True


def main() -> None:
    if os.geteuid() != 0:
        skip("the service needs root to be tried in a container")
        return
    if not has("debootstrap", "systemd-nspawn", "nsenter"):
        return
    with tempfile.TemporaryDirectory() as folder:
        done = [SYSTEMS[suite] for suite in SYSTEMS if test(suite, Path(folder))]
    print("tested on", ", ".join(done) or "nothing")


if __name__ == "__main__":
    sys.exit(main())
