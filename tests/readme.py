#!/usr/bin/env python3
"""The commands of README.md's "For real", run as they are written there, beside a running server.

Only what would leave this machine is put elsewhere: the polled terminal's address, and the ports.

PUNCHCLOCK_BIN says where the executable is; ./check sets it.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("PUNCHCLOCK_BIN") or str(ROOT / "target" / "release" / "punchclock")
NOBODY = "127.0.0.1:1"
LOG = "".join(
    f"{12:>9}\t2026-11-{day:02} {time}\t1\t0\t1\t0\n"
    for day in (19, 20)
    for time in ("08:03:10", "12:01:00", "12:58:00", "18:02:00")
)
ROSTER = "code,from,mon,tue,wed,thu,fri,sat,sun\n1001,2026-11-02" + ",DEFAULT" * 5 + ",off_day,rest_day\n"
STRICTER = "[grace]\nin = 0\n"
EMPLOYEES = "code,name,numbers,from,to,zone\n1001,Ann Reyes,12,2026-11-02,2026-11-30,\n"


def commands() -> list[list[str]]:
    """Every indented line of the README that begins with `punchclock`, without its comment."""
    text = (ROOT / "README.md").read_text()
    lines = [line.strip() for line in text.splitlines() if line.startswith("    punchclock ")]
    return [shlex.split(line.replace("10.0.0.9", NOBODY), comments=True)[1:] for line in lines]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "1_attlog.dat").write_text(LOG)
        (folder / "employees.csv").write_text(EMPLOYEES)
        (folder / "roster.csv").write_text(ROSTER)
        (folder / "stricter.toml").write_text(STRICTER)
        environment = os.environ | {
            "PUNCHCLOCK__HUB__LISTEN": "127.0.0.1:0",
            "PUNCHCLOCK__TERMINALS__LISTEN": "127.0.0.1:0",
        }
        serve, *rest = commands()
        assert serve == ["serve"] and len(rest) >= 7, rest
        server = subprocess.Popen([PROGRAM, *serve], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            lines = iter(server.stdout.readline, "")
            assert any("first run: open http://" in line for line in lines), "the server gave no set-up code"
            for command in rest:
                done = subprocess.run([PROGRAM, *command], cwd=folder, env=environment, capture_output=True, text=True)
                print("$ punchclock", shlex.join(command), done.stdout, done.stderr, sep="\n")
                # The polled terminal is nobody, and the doctor may say so.
                assert done.returncode == 0 or command == ["doctor"], done.returncode
                if command[:2] == ["rules", "explain"]:
                    assert "first arrival 08:03" in done.stdout, "the day has no reason for being tardy"
            november = (folder / "november.csv").read_text().splitlines()
            assert len(november) == 2 and november[1].startswith("1001,Ann Reyes,"), november
        finally:
            server.terminate()
            server.wait(timeout=30)
        assert server.returncode == 0, server.returncode
    print(f"all {len(rest) + 1} commands of the README work")


if __name__ == "__main__":
    sys.exit(main())
