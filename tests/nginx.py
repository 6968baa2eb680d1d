#!/usr/bin/env python3
"""packaging/nginx.conf in a real nginx with a certificate made for it, on loopback, before a running `punchclock serve`.

A person signs in over TLS, and the audit trail says where from. A terminal pushes through it, from its own network only. An edge
elsewhere delivers through it. With a second hub on the same database, who signed in at one is known at the other, and either may end. The metrics are for the machine itself. Of the site, only what belongs to this place is changed: ports, name and certificate.

PUNCHCLOCK_BIN says where the executable is; ./check sets it.
"""

import contextlib
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from means import PROGRAM, ROOT, free_port, has, serving, wait_until

SITE = ROOT / "packaging" / "nginx.conf"
NAME = "hub.example"
PASSWORD = "a long enough password"
# All of 127.0.0.0/8 is this machine: each caller gets an address of its own, and only the proxy's is trusted.
PERSON, TERMINAL, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"
SETTINGS = f"""
[hub]
secure_cookie = true
trusted_proxies = "127.0.0.1"
[terminals]
networks = ["{TERMINAL}"]
trusted_proxies = "127.0.0.1"
"""


class Place:
    """A folder, its ports, and the server in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.data = folder / "data"
        self.plain, self.pages, self.push, self.hub, self.second, self.edge = (free_port() for _ in range(6))
        self.data.mkdir()
        (self.data / "punchclock.toml").write_text(SETTINGS)

    def command(self, *arguments: str) -> str:
        command = [PROGRAM, "--data", self.data, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def make_certificate(self) -> None:
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=hub.example"
        names = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1", "-keyout", "privkey.pem", "-out", "fullchain.pem"]
        subprocess.run([*make.split(), *names], cwd=self.folder, check=True, capture_output=True)

    def nginx(self) -> list[str]:
        """The command of an nginx that serves the site, with this place's ports and certificate."""
        site = SITE.read_text()
        for old, new, times in [
            (r"listen 80;", f"listen 127.0.0.1:{self.plain};", 1),
            (r"listen 443 ssl;", f"listen 127.0.0.1:{self.pages} ssl;", 1),
            (r"listen 8443 ssl;", f"listen 127.0.0.1:{self.push} ssl;", 1),
            (r"\n *listen \[::\][^;]*;", "", 3),
            (r"/etc/ssl/hub\.example/", f"{self.folder}/", 4),
            (r"server 127\.0\.0\.1:8080 ([^;]*);", rf"server 127.0.0.1:{self.hub} \1; server 127.0.0.1:{self.second} \1;", 1),
            (r"127\.0\.0\.1:8081;", f"127.0.0.1:{self.edge};", 1),
        ]:
            site, found = re.subn(old, new, site)
            assert found == times, f"{SITE} has {found} times {old}"
        (self.folder / "site.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"{user} pid {self.folder}/nginx.pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {temporary} include {self.folder}/site.conf; }}\n"
        )
        return ["nginx", "-c", f"{self.folder}/nginx.conf", "-g", "daemon off; master_process off;"]

    def ask(self, port: int, source: str, method: str, path: str, body: bytes = b"", **headers: str):
        """One request over TLS from an address of its own: status, headers, text."""
        trust = ssl.create_default_context(cafile=self.folder / "fullchain.pem")
        trust.check_hostname = False  # it is asked by its address here; the name is in the certificate and in `Host`
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=trust, source_address=(source, 0), timeout=60)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, {"Host": NAME, **named})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()


@contextlib.contextmanager
def running(place: Place) -> Iterator[None]:
    listen = ["--listen", f"127.0.0.1:{place.hub}", "--adms-listen", f"127.0.0.1:{place.edge}"]
    with serving([str(PROGRAM), "--data", str(place.data), "serve", *listen]) as server:
        server.wait_for("pages: ")
        place.code = server.wait_for("give this code: ")
        with serving(place.nginx()) as nginx:
            wait_until("nginx to listen", lambda: listens(nginx, place.pages))
            yield


def listens(nginx, port: int) -> bool:
    assert nginx.process.poll() is None, "nginx ended:\n" + "\n".join(nginx.lines)
    with contextlib.suppress(ConnectionRefusedError), contextlib.closing(socket.create_connection(("127.0.0.1", port))):
        return True
    return False


def a_person_signs_in_over_tls_and_the_audit_says_where_from(place: Place) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", place.plain, timeout=60)
    plain.request("GET", "/days", headers={"Host": NAME})
    led = plain.getresponse()
    assert (led.status, led.headers["Location"]) == (301, f"https://{NAME}/days"), led.headers
    plain.close()

    # As an older browser asks: its `Origin` has to be the `Host` that the hub hears of.
    form = {"Content_Type": "application/x-www-form-urlencoded", "Origin": f"https://{NAME}"}
    setup = urlencode({"code": place.code, "name": "ann", "password": PASSWORD}).encode()
    status, _, page = place.ask(place.pages, PERSON, "POST", "/setup", setup, **form)
    assert status == 303, page

    status, headers, page = place.ask(place.pages, PERSON, "GET", "/sign-in")
    assert status == 200 and "<h1>Sign in</h1>" in page, page
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    sign_in = urlencode({"name": "ann", "password": PASSWORD}).encode()
    # What somebody claims before the proxy is not believed.
    status, headers, page = place.ask(
        place.pages, STRANGER, "POST", "/sign-in", sign_in, X_Forwarded_For="127.0.0.1, 10.9.9.9", **form
    )
    assert status == 303, page
    cookie = headers["Set-Cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure"), cookie
    audit = place.command("audit", "list")
    assert f"from {PERSON}" in audit and f"from {STRANGER}" in audit and "10.9.9.9" not in audit, audit

    status, _, page = place.ask(place.pages, PERSON, "GET", "/", Cookie=cookie.split(";")[0])
    assert status == 200 and "Who is in now" in page, page
    hostile = {**form, "Origin": "https://elsewhere.example"}
    assert place.ask(place.pages, PERSON, "POST", "/sign-in", sign_in, **hostile)[0] == 403


def the_live_board_is_not_held_back(place: Place) -> None:
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    sign_in = urlencode({"name": "ann", "password": PASSWORD}).encode()
    _, headers, _ = place.ask(place.pages, PERSON, "POST", "/sign-in", sign_in, **form)
    trust = ssl.create_default_context(cafile=place.folder / "fullchain.pem")
    trust.check_hostname = False
    feed = http.client.HTTPSConnection("127.0.0.1", place.pages, context=trust, timeout=60)
    feed.request("GET", "/live", headers={"Host": NAME, "Cookie": headers["Set-Cookie"].split(";")[0]})
    answer = feed.getresponse()
    assert answer.headers["Content-Type"] == "text/event-stream", answer.headers
    assert answer.readline() == b"event: board\n", "the first board comes at once, though the answer goes on"
    feed.close()


def a_terminal_pushes_through_it_from_its_own_network_only(place: Place) -> None:
    place.command("terminal", "add", "Gate", "--serial", "X1", "--zone", "Asia/Manila")
    lines = b"7\t2026-01-05 08:00:00\t0\t1\n7\t2026-01-05 17:00:00\t1\t1\n"
    upload, kind = "/iclock/cdata?SN=X1&table=ATTLOG&Stamp=9999", {"Content_Type": "application/x-www-form-urlencoded"}

    def is_taken() -> bool:
        status, _, text = place.ask(place.push, TERMINAL, "POST", upload, lines, **kind)
        assert (status, text) == (200, "OK:2") or status == 503, (status, text)
        return status == 200

    wait_until("the edge to hear of its terminal and to take what it pushes", is_taken)
    status, _, text = place.ask(place.push, TERMINAL, "POST", upload, lines * 30_000, **kind)
    assert (status, text) == (200, "OK:60000"), "a whole log is larger than what nginx takes by itself"
    status, _, text = place.ask(place.push, TERMINAL, "GET", "/iclock/cdata?SN=X1&options=all&pushver=2.4.1")
    assert status == 200 and text.startswith("GET OPTION FROM: X1"), text
    for claims in ({}, {"X_Forwarded_For": TERMINAL}):
        status, _, text = place.ask(place.push, STRANGER, "POST", upload, lines, **kind, **claims)
        assert status == 403 and "network is not allowed" in text, (status, text)
    assert place.ask(place.push, TERMINAL, "GET", "/")[0] == 404, "terminals' port has no pages"
    wait_until("both punches to reach the hub", lambda: len(place.command("export", "punches").splitlines()) == 3)


def an_edge_elsewhere_delivers_through_it(place: Place) -> None:
    place.command("terminal", "add", "Door", "--serial", "B1", "--zone", "Asia/Manila")
    branch = place.folder / "branch"
    branch.mkdir()
    (branch / "edge.token").write_text(place.command("token", "create", "branch", "--kind", "edge"))
    settings = {
        "PUNCHCLOCK__EDGE__HUB": f"https://127.0.0.1:{place.pages}",
        "PUNCHCLOCK__TERMINALS__LISTEN": "127.0.0.1:0",
        "PUNCHCLOCK__EDGE__STATUS_LISTEN": "127.0.0.1:0",
        # In place of the system's certificates.
        "SSL_CERT_FILE": str(place.folder / "fullchain.pem"),
    }
    lines = b"7\t2026-01-06 08:00:00\t0\t1\n"
    with serving([str(PROGRAM), "--data", str(branch), "edge", "run"], env={**os.environ, **settings}) as edge:
        terminals = int(edge.wait_for("terminals push to http://127.0.0.1:"))

        def is_taken() -> bool:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", terminals, timeout=60)) as connection:
                connection.request("POST", "/iclock/cdata?SN=B1&table=ATTLOG&Stamp=9999", lines)
                return connection.getresponse().status == 200

        wait_until("the edge to hear of its terminal and to take what it pushes", is_taken)
        wait_until("the punch to reach the hub", lambda: "2026-01-06" in place.command("export", "punches"))


def with_two_hubs_either_may_end(place: Place) -> None:
    """The second hub has the same database; `serve` is the first."""
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    sign_in = urlencode({"name": "ann", "password": PASSWORD}).encode()
    second = [str(PROGRAM), "--data", str(place.data), "hub", "--listen", f"127.0.0.1:{place.second}"]

    def is_known(port: int, cookie: str) -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as direct:
            direct.request("GET", "/", headers={"Cookie": cookie})
            return direct.getresponse().status == 200

    for turn in range(2):
        with serving(second) as hub:
            hub.wait_for("pages: ")
            # By nginx it is one hub or the other that somebody signs in at; both know them then.
            status, headers, page = place.ask(place.pages, PERSON, "POST", "/sign-in", sign_in, **form)
            assert status == 303, page
            cookie = headers["Set-Cookie"].split(";")[0]
            assert is_known(place.hub, cookie) and is_known(place.second, cookie), turn
        # One has ended: nobody who asks notices.
        for _ in range(4):
            status, _, page = place.ask(place.pages, PERSON, "GET", "/", Cookie=cookie)
            assert status == 200 and "Who is in now" in page, page


def metrics_are_for_the_machine_itself(place: Place) -> None:
    for path in ("/metrics", "/metrics?x", "//metrics", "/%6Detrics", "/./metrics"):
        status, _, text = place.ask(place.pages, PERSON, "GET", path)
        assert status in (401, 404) and "punchclock_" not in text, (path, status, text)
    # The hub itself gives them to nobody who comes through a proxy, whatever nginx does.
    for headers, wanted in (({"X-Forwarded-For": PERSON}, 401), ({}, 200)):
        direct = http.client.HTTPConnection("127.0.0.1", place.hub, timeout=60)
        direct.request("GET", "/metrics", headers=headers)
        answer = direct.getresponse()
        assert answer.status == wanted and ("punchclock_build_info" in answer.read().decode()) == (wanted == 200)
        direct.close()


def main() -> None:
    if not has("nginx", "openssl"):
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        place.make_certificate()
        with running(place):
            a_person_signs_in_over_tls_and_the_audit_says_where_from(place)
            the_live_board_is_not_held_back(place)
            a_terminal_pushes_through_it_from_its_own_network_only(place)
            an_edge_elsewhere_delivers_through_it(place)
            with_two_hubs_either_may_end(place)
            metrics_are_for_the_machine_itself(place)
    print("sign-in, live board, push, an edge and metrics behind nginx with TLS: as promised")


if __name__ == "__main__":
    sys.exit(main())
