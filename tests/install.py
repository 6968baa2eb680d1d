#!/usr/bin/env python3
"""packaging/install.sh in fresh systems: Debian 12 and 13, made by debootstrap and entered by chroot.

It installs, changes nothing when it runs again, keeps settings and role at an upgrade, and its service is what systemd of that
system accepts and finds well fenced in. Its command is run as the service's user, in each role, and calls the kernel only as the
unit allows. Uninstalling keeps the data.

No systemd runs in a chroot: tests/service.py starts the service for real.

PUNCHCLOCK_BIN says where the executable is; the fresh systems are kept in PUNCHCLOCK_CACHE. ./check sets both.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from debian import DATA, PACKAGING, SYSTEMS, UNIT, WHERE, Machine, fresh
from means import PROGRAM, has, serving, skip

# Of `systemd-analyze security`, where 0 is best and 100 is a service that may do everything.
MOST_EXPOSED = 15
FREE_PORTS = {
    "PUNCHCLOCK__HUB__LISTEN": "127.0.0.1:0",
    "PUNCHCLOCK__TERMINALS__LISTEN": "127.0.0.1:0",
    "PUNCHCLOCK__EDGE__STATUS_LISTEN": "127.0.0.1:0",
    "PUNCHCLOCK__EDGE__HUB": "http://127.0.0.1:1",
}
ROLES = {
    "hub": ("hub", "pages: ", "/healthz"),
    "edge": ("edge run", "board and health: ", "/healthz"),
    "serve": ("serve", "pages: ", "/healthz"),
}


def as_service(line: str) -> str:
    """A command line as the service's user."""
    return f"setpriv --reuid punchclock --regid punchclock --clear-groups {line}"


def files(machine: Machine) -> dict[str, tuple]:
    """Every file that is the package's: mode, owner, and what it holds."""
    tops = ("usr/local", "etc/systemd", "etc/punchclock", DATA[1:], "etc/passwd", "etc/group")
    found = {}
    for top in (machine.system / name for name in tops):
        for path in [top, *sorted(top.rglob("*"))]:
            about = path.lstat()
            what = os.readlink(path) if path.is_symlink() else ""
            if stat.S_ISREG(about.st_mode):
                what = hashlib.sha256(path.read_bytes()).hexdigest()
            name = "/" + str(path.relative_to(machine.system))
            found[name] = (stat.filemode(about.st_mode), about.st_uid, about.st_gid, what)
    return found


def line_of_unit(machine: Machine, key: str) -> str:
    lines = (machine.system / UNIT).read_text().splitlines()
    [value] = [line.split("=", 1)[1] for line in lines if line.startswith(f"{key}=")]
    return value


def it_installs_and_does_nothing_the_second_time(machine: Machine) -> None:
    said = machine.install()
    assert "role serve" in said and "nothing was started: no systemd runs here" in said, said
    user = [line for line in (machine.system / "etc/passwd").read_text().splitlines() if line.startswith("punchclock:")]
    assert len(user) == 1 and user[0].endswith(f":{DATA}:/usr/sbin/nologin"), user
    uid, gid = map(int, user[0].split(":")[2:4])
    there = files(machine)
    wanted = {
        "/usr/local/bin/punchclock": ("-rwxr-xr-x", 0, 0),
        "/etc/punchclock": ("drwxr-x---", 0, gid),
        "/etc/punchclock/punchclock.toml": ("-rw-r-----", 0, gid),
        "/etc/systemd/system/punchclock.service": ("-rw-r--r--", 0, 0),
        DATA: ("drwx------", uid, gid),
    }
    assert {name: there[name][:3] for name in wanted} == wanted, there
    assert there[f"{DATA}/punchclock.toml"][3] == "/etc/punchclock/punchclock.toml"
    started = there["/etc/systemd/system/multi-user.target.wants/punchclock.service"]
    assert started[3] == "/etc/systemd/system/punchclock.service"
    again = machine.install()
    assert "wrote" not in again and files(machine) == there, again


def its_executable_runs_and_reads_the_settings(machine: Machine) -> None:
    assert machine.run("punchclock --version").startswith("punchclock "), "it is in the PATH"
    check = machine.run(as_service(f"punchclock --data {DATA} config check"))
    assert check == "the settings are valid\n", check
    settings = machine.system / "etc/punchclock/punchclock.toml"
    settings.write_text(settings.read_text().replace("#poll_minutes = 15", "poll_minutes = 5"))
    shown = machine.run(as_service(f"punchclock --data {DATA} --json config show --origin"))
    [poll] = [row for row in json.loads(shown) if row["setting"] == "terminals.poll_minutes"]
    assert poll["value"] == "5" and poll["origin"].endswith("/punchclock.toml"), poll


def an_upgrade_keeps_settings_data_and_role(machine: Machine) -> None:
    kept = machine.system / DATA[1:] / "hub.sqlite"
    kept.write_text("punches")
    said = machine.install("--role edge")
    assert "next: 1. on the hub: punchclock edge invite NAME" in said and "edge.token" in said, said
    assert line_of_unit(machine, "ExecStart") == f"/usr/local/bin/punchclock --data {DATA} edge run"
    newer = machine.system / WHERE / "punchclock"
    newer.write_bytes(newer.read_bytes() + b"newer")
    said = machine.install()
    assert "role edge" in said and "wrote /usr/local/bin/punchclock" in said, said
    settings = (machine.system / "etc/punchclock/punchclock.toml").read_text()
    assert "\npoll_minutes = 5\n" in settings and kept.read_text() == "punches"
    kept.unlink()


def mistakes_are_told_with_their_cure(machine: Machine) -> None:
    for arguments, code, words in [
        ("--rolle serve", 2, "there is no option --rolle"),
        ("--role server", 2, "there is no role server"),
        ("--role", 2, "--role needs a value"),
        ("/nowhere", 1, "there is no executable /nowhere; put it beside this script, or name it"),
        ("/etc/passwd", 1, "/etc/passwd can't be run; make it executable"),
        ("/bin/false", 1, "/bin/false does not run on this machine"),
        ("--root /opt", 1, "/opt holds no system"),
        (f"--uninstall /{WHERE}/punchclock", 2, "--uninstall takes no role and no executable"),
    ]:
        said = machine.install(arguments, code)
        assert words in said, f"{arguments}: {said}"
    as_nobody = machine.run(f"setpriv --reuid nobody --regid nogroup --clear-groups /{WHERE}/install.sh", 1)
    assert "run it as root: sudo" in as_nobody, as_nobody


def from_outside_it_installs_the_same(machine: Machine) -> None:
    """`--root`: a card or an image is prepared on another machine."""
    inside = files(machine)
    machine.install("--uninstall")
    for path in ("etc/punchclock", DATA[1:]):
        shutil.rmtree(machine.system / path)
    machine.run("userdel punchclock")
    script = machine.system / WHERE / "install.sh"
    subprocess.run([script, "--root", machine.system, "--role", "serve"], check=True, stdout=subprocess.DEVNULL)
    outside = files(machine)
    assert inside.keys() == outside.keys(), inside.keys() ^ outside.keys()
    differing = {name: (about, outside[name]) for name, about in inside.items() if about != outside[name]}
    assert not differing, differing


def systemd_accepts_the_unit_and_finds_it_fenced_in(machine: Machine) -> None:
    complaints = machine.run("systemd-analyze verify punchclock.service")
    assert complaints == "", complaints
    # Without /proc, which nobody mounts for it here, older ones can't compile the filter of system calls that they rate.
    rated = machine.run(f"systemd-analyze security --offline=true --threshold={MOST_EXPOSED} punchclock.service")
    print(rated.strip().splitlines()[-1].lstrip("→ "))


def allowed_calls(machine: Machine) -> set[str]:
    """The system calls that the unit's filter lets through, from systemd's own list of groups."""
    groups: dict[str, list[str]] = {}
    for line in machine.run("systemd-analyze --no-pager syscall-filter").splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.split()[0], [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())
        elif line and not line.startswith(" "):
            members = []  # what follows the list of groups

    def calls(group: str) -> set[str]:
        names = groups[group]
        return {name for name in names if name[0] != "@"}.union(*(calls(name) for name in names if name[0] == "@"))

    allowed = calls("@default")
    filters = [line.split("=", 1)[1] for line in (machine.system / UNIT).read_text().splitlines() if line.startswith("SystemCallFilter=")]
    for line in filters:
        for group in line.lstrip("~").split():
            allowed = allowed - calls(group) if line[0] == "~" else allowed | calls(group)
    return allowed


def the_service_serves_and_calls_only_what_the_unit_allows(machine: Machine, folder: Path) -> None:
    allowed = allowed_calls(machine) if has("strace") else None
    for role, (command, word, path) in ROLES.items():
        machine.install(f"--role {role}")
        line = line_of_unit(machine, "ExecStart")
        assert line == f"/usr/local/bin/punchclock --data {DATA} {command}", line
        calls = folder / "calls"
        # As the service's user already, so that only the executable's own calls are listed.
        watched = ["strace", "--follow-forks", "--quiet=all", "--summary-only", f"--output={calls}"] if allowed else []
        with serving([*watched, *machine.command(as_service(line))], env={**os.environ, **FREE_PORTS}) as server:
            address = server.wait_for(word).strip()
            with urllib.request.urlopen(address + path, timeout=60) as answer:
                assert answer.read() == b"ok\n"
            stop(server)
        data = machine.system / DATA[1:]
        modes = {path.name: stat.filemode(path.stat().st_mode) for path in data.glob("*.sqlite")}
        assert modes and set(modes.values()) == {"-rw-------"}, modes
        if allowed:
            done = {row.split()[-1] for row in calls.read_text().splitlines() if re.match(r"\s*[\d.]+ ", row)} - {"total"}
            beyond = done - allowed - OF_THE_TEST
            assert len(done) > 20 and not beyond, f"{role} calls {sorted(beyond)}, which the unit forbids"


# Of chroot and setpriv, before the executable begins.
OF_THE_TEST = {"chroot", "setgroups", "setresuid", "setresgid", "capget", "capset", "chdir"}


def stop(server) -> None:
    """Ends the executable itself, and with it what watches it."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    if children:
        server.process.wait(60)


def uninstalling_keeps_data_settings_and_user(machine: Machine) -> None:
    before = files(machine)
    said = machine.install("--uninstall")
    assert f"Kept: the data in {DATA}" in said, said
    gone = before.keys() - files(machine).keys()
    wants = "/etc/systemd/system/multi-user.target.wants/punchclock.service"
    assert gone == {"/usr/local/bin/punchclock", f"/{UNIT}", wants}, gone
    machine.install("--uninstall")
    machine.install()
    assert files(machine).keys() == before.keys(), "and it can be installed again"


def test(suite: str, folder: Path) -> bool:
    """One system from beginning to end; false when it can't be had."""
    system = fresh(suite, folder)
    if system is None:
        return False
    machine = Machine(system)
    it_installs_and_does_nothing_the_second_time(machine)
    its_executable_runs_and_reads_the_settings(machine)
    an_upgrade_keeps_settings_data_and_role(machine)
    mistakes_are_told_with_their_cure(machine)
    shutil.copy2(PROGRAM, system / WHERE / "punchclock")
    (system / "etc/punchclock/punchclock.toml").write_bytes((PACKAGING / "punchclock.toml").read_bytes())
    machine.install("--role serve")
    from_outside_it_installs_the_same(machine)
    systemd_accepts_the_unit_and_finds_it_fenced_in(machine)
    the_service_serves_and_calls_only_what_the_unit_allows(machine, folder)
    uninstalling_keeps_data_settings_and_user(machine)
    print(f"{SYSTEMS[suite]}: installed, again, upgraded, run, uninstalled")
    return True


def main() -> None:
    if has("shellcheck"):
        subprocess.run(["shellcheck", PACKAGING / "install.sh"], check=True)
    if os.geteuid() != 0:
        skip("the install script needs root to be tried in a fresh system")
        return
    if not has("debootstrap"):
        return
    with tempfile.TemporaryDirectory() as folder:
        done = [SYSTEMS[suite] for suite in SYSTEMS if test(suite, Path(folder))]
    print("tested on", ", ".join(done) or "nothing")


if __name__ == "__main__":
    sys.exit(main())
