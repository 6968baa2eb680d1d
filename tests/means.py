"""What end-to-end tests share: the executable, and saying loudly that something to test with is missing."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(os.environ.get("PUNCHCLOCK_BIN") or ROOT / "target" / "release" / "punchclock").resolve()
# What `./check` keeps between its runs.
CACHE = Path(os.environ.get("PUNCHCLOCK_CACHE") or Path.home() / ".cache" / "punchclock")
PATIENCE_SECONDS = 60

if not PROGRAM.is_file():
    sys.exit(f"there is no executable {PROGRAM}: cargo build --release, or name one in PUNCHCLOCK_BIN")


def skip(missing: str) -> None:
    """Says that what needs `missing` is not tested, here and in the summary of ./check."""
    print("SKIPPED:", missing, file=sys.stderr)
    if noted := os.environ.get("PUNCHCLOCK_SKIPPED"):
        with open(noted, "a") as file:
            file.write(missing + "\n")


def has(*tools: str) -> bool:
    """Whether the tools are installed; each one that is not is told."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    for tool in missing:
        skip(f"{tool} is not installed")
    return not missing


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    """Looks again and again until `holds`. For what gives no sign of itself that could be waited for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS} s in vain for {what}"
        time.sleep(0.05)


class Server:
    """A program that serves, and the lines that it prints."""

    def __init__(self, command: list[str], **options):
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options
        )
        self.lines: list[str] = []
        self.is_over = False
        self.printed = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            with self.printed:
                self.lines.append(line.rstrip("\n"))
                self.printed.notify_all()
        with self.printed:
            self.is_over = True
            self.printed.notify_all()

    def wait_for(self, text: str) -> str:
        """The rest of the first line that holds `text`, from there on."""

        def found() -> str | None:
            return next((line.split(text, 1)[1] for line in self.lines if text in line), None)

        with self.printed:
            self.printed.wait_for(lambda: found() is not None or self.is_over, PATIENCE_SECONDS)
            rest = found()
        assert rest is not None, f"no line with `{text}`, but:\n" + "\n".join(self.lines)
        return rest

    def end(self) -> None:
        """Asks the program to end in order, and sees that it does."""
        self.process.terminate()
        code = self.process.wait(PATIENCE_SECONDS)
        assert code == 0, f"it ended with {code}, and printed:\n" + "\n".join(self.lines)


@contextlib.contextmanager
def serving(command: list[str], **options) -> Iterator[Server]:
    """A server for a while. It is ended in order, or killed when the test fails."""
    server = Server(command, **options)
    try:
        yield server
        server.end()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
