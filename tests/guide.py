#!/usr/bin/env python3
"""The operator's guide and the pages it leads to, followed line by line as an administrator would, on a fresh Debian whose systemd runs.

Every fenced block of these pages is tried, in order, in one system:

* `sh`: run by an administrator who may sudo, in a shell that ends at the first error. A `text` block below it is what it must print:
  these lines in this order, among others, with `...` for anything;
* `toml`: put into the settings, which `config check` must accept;
* `nginx`: put into the site in place of the block with the same head, which `nginx -t` must accept;
* `conf`: settings that PostgreSQL must accept.

What can't be tried says so in the line above, `<!-- not run: reason -->`; these are counted and printed. A block of no such kind, or an
indented one, fails the test. The packages that the pages install by apt-get are installed beforehand: the system has no network.

PUNCHCLOCK_BIN says where the executable is; the systems are kept in PUNCHCLOCK_CACHE. ./check sets both.
"""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from debian import PACKAGING, SYSTEMS, WHERE, furnished
from means import ROOT, has, skip, wait_until
from service import Booted, booted

PAGES = ["docs/operators-guide.md", "docs/backup.md", "docs/several-hubs.md", "docs/retention.md"]
SETTINGS = Path("etc/punchclock/punchclock.toml")
SITE = Path("etc/nginx/sites-available/punchclock")
HOME = Path("home/admin")
# As a shell on this machine is after a sign-in, but for ending at the first error; it goes on where the last one was.
SHELL = """set -eu -o pipefail
shopt -s expand_aliases
export HOME=/home/admin
[ ! -e ~/.bash_aliases ] || . ~/.bash_aliases
cd "$(cat ~/.here)"
trap 'pwd >~/.here' EXIT
"""


@dataclasses.dataclass
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    kind: str
    text: str
    not_run: str | None
    prints: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, in order; a `text` block belongs to the one above it."""
    found: list[Block] = []
    lines = (ROOT / page).read_text().splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        assert not (line.startswith("    ") and number and not lines[number - 1].strip()), f"{page}:{number + 1}: fence it"
        if not line.startswith("```"):
            number += 1
            continue
        end = lines.index("```", number + 1)
        text, kind = "\n".join(lines[number + 1 : end]) + "\n", line[3:]
        if kind == "text":
            found[-1].prints = text
        else:
            reason = re.fullmatch(r"<!-- not run: (.+) -->", lines[number - 1])
            found.append(Block(page, number + 1, kind, text, reason and reason[1]))
        number = end + 1
    return found


def not_tried(blocks: list[Block]) -> list[str]:
    """The commands of the quick reference that no block runs."""
    table = (ROOT / PAGES[0]).read_text().split("## Quick reference")[1]
    run = [line for block in blocks if not block.not_run and block.kind == "sh" for line in block.text.splitlines()]
    # Up to what differs from case to case.
    commands = (re.split(r" (?=[A-Z&-])", command)[0] for command in re.findall(r"`(punchclock [^`]+)`", table))
    return [command for command in commands if not any(command in line for line in run)]


def packages_of(blocks: list[Block]) -> set[str]:
    """What the blocks that are run install."""
    lines = [line for block in blocks if not block.not_run for line in block.text.splitlines()]
    return {name for line in lines if "apt-get install" in line for name in line.split("install", 1)[1].split() if name[0] != "-"}


class Administrator:
    """Who follows the pages."""

    def __init__(self, machine: Booted):
        self.machine = machine
        self.system = machine.system

    def try_out(self, block: Block) -> None:
        ways = {"sh": self.run, "toml": self.set, "nginx": self.site, "conf": self.postgres}
        assert block.kind in ways, f"{block}: a block of kind `{block.kind}` can't be tried; say why, or give it one of {list(ways)}"
        ways[block.kind](block)

    def run(self, block: Block) -> None:
        (self.system / HOME / ".block").write_text(SHELL + block.text)
        said = self.as_admin(block, "bash /home/admin/.block")
        rest = iter(said.splitlines())
        for wanted in block.prints.splitlines():
            pattern = ".*".join(map(re.escape, wanted.split("...")))
            assert any(re.fullmatch(pattern, line) for line in rest), f"{block} does not print `{wanted}`, but:\n{said}"

    def set(self, block: Block) -> None:
        before = (self.system / SETTINGS).read_text()
        text = before
        section = ""
        for line in block.text.splitlines():
            if head := re.fullmatch(r"\[(\w+)\]", line):
                section = head[1]
                continue
            name = line.split("=")[0].strip()
            place = rf"(?ms)(^\[{section or 'hub'}\]$(?:(?!^\[).)*?)^#?{name} = [^\n]*$"
            text, found = re.subn(place, lambda match: match[1] + line, text)
            assert found == 1, f"{block}: there is no setting {name}"
        (self.system / SETTINGS).write_text(text)
        self.as_admin(block, "sudo -u punchclock punchclock --data /var/lib/punchclock config check")
        (self.system / SETTINGS).write_text(before)

    def site(self, block: Block) -> None:
        before = (self.system / SITE).read_text()
        head = block.text.splitlines()[0]
        text, found = re.subn(rf"(?ms)^{re.escape(head)}$.*?^\}}\n", lambda _: block.text, before)
        assert found == 1, f"{block}: the site has no `{head}`"
        (self.system / SITE).write_text(text)
        self.as_admin(block, "sudo nginx -t")
        (self.system / SITE).write_text(before)

    def postgres(self, block: Block) -> None:
        for name, value in re.findall(r"^(\w+) = '?([^'\n]*)'?$", block.text, re.MULTILINE):
            server = f"$(ls -d /usr/lib/postgresql/*/bin)/postgres -D $(ls -d /etc/postgresql/*/main) -c {name}='{value}' -C {name}"
            said = self.as_admin(block, f'sudo -u postgres sh -c "{server}"')
            assert said.splitlines()[-1] == value, f"{block}: PostgreSQL takes `{said}` for `{value}`"

    def as_admin(self, block: Block, command: str) -> str:
        line = self.machine.command(f"runuser --user admin -- {command}")
        done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        assert done.returncode == 0, f"{block} ended with {done.returncode}:\n{block.text}\nIt printed:\n{done.stdout}"
        return done.stdout


def prepare(machine: Booted) -> None:
    """An administrator with the package in a folder, and a name for the machine."""
    system = machine.system
    subprocess.run(["chroot", system, "useradd", "--create-home", "--shell", "/bin/bash", "admin"], check=True)
    (system / "etc/sudoers.d/admin").write_text("admin ALL=(ALL) NOPASSWD: ALL\n")
    (system / "etc/hostname").write_text("hub\n")
    (system / HOME / ".here").write_text("/home/admin\n")
    with open(system / "etc/hosts", "a") as hosts:
        hosts.write("127.0.0.1 localhost hub hub.example hub1.example hub2.example\n")
    package = shutil.copytree(system / WHERE, system / HOME / "punchclock")
    shutil.copy2(PACKAGING / "nginx.conf", package)
    subprocess.run(["chroot", system, "chown", "--recursive", "admin:", "/home/admin"], check=True)


def follow(machine: Booted, blocks: list[Block]) -> None:
    asked = lambda: subprocess.run(machine.command("systemctl is-system-running"), capture_output=True, text=True).stdout
    wait_until("the system to be up", lambda: asked().strip() in ("running", "degraded"))
    administrator = Administrator(machine)
    for block in blocks:
        if block.not_run:
            print(f"{block} was not run: {block.not_run}")
            continue
        begun = time.monotonic()
        administrator.try_out(block)
        print(f"{block} {block.text.splitlines()[0]}  ({time.monotonic() - begun:.1f} s)", flush=True)


def main() -> None:
    blocks = [block for page in PAGES for block in blocks_of(page)]
    assert all(any(block.page == page for block in blocks) for page in PAGES), "each page has commands"
    assert not (missing := not_tried(blocks)), f"the quick reference has commands that no block runs: {missing}"
    if os.geteuid() != 0:
        skip("the operator's guide needs root to be followed in a container")
        return
    if not has("debootstrap", "systemd-nspawn", "nsenter"):
        return
    with tempfile.TemporaryDirectory() as folder:
        systems = (furnished(suite, Path(folder), {"sudo", *packages_of(blocks)}) for suite in SYSTEMS)
        system = next((system for system in systems if system), None)
        if system is None:
            return
        machine = Booted(system)
        prepare(machine)
        with booted(machine) as is_running:
            if not is_running:
                return
            follow(machine, blocks)
    left_out = sum(1 for block in blocks if block.not_run)
    print(f"{len(blocks) - left_out} blocks of {', '.join(PAGES)} were run on {SYSTEMS[system.name]}, {left_out} were not")


if __name__ == "__main__":
    sys.exit(main())
