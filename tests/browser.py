#!/usr/bin/env python3
"""The pages in a real browser: starts `punchclock demo`, signs in, and looks at what people look at.

At 1280 and at 390 pixels, with and without JavaScript, light and dark: the texts are there, nothing overflows, the
browser has nothing to complain about, the keyboard reaches everything, and a punch appears on the board by itself.

    tests/browser.py                      run the test
    tests/browser.py --out docs/images    and keep the pictures that the README shows

PUNCHCLOCK_BIN, PUNCHCLOCK_CHROMIUM and PUNCHCLOCK_PYTHON (with playwright) say where things are; ./check sets them.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

PYTHON = os.environ.get("PUNCHCLOCK_PYTHON")
if PYTHON and Path(PYTHON).absolute() != Path(sys.executable).absolute():
    os.execv(PYTHON, [PYTHON, *sys.argv])

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
DEMO_PATIENCE_SECONDS = 300
LIVE_PATIENCE_MS = 180_000
PEOPLE_IN_PICTURES = 8
# The terminal calls every two seconds; the page does not reload by itself.
RESULT_LOOKS, RESULT_LOOK_MS = 60, 500
A4_POINTS = {(b"594", b"841"), (b"595", b"841"), (b"595", b"842")}
OF_THE_README = ["board-1280.png", "day-1280.png", "day-390.png"]
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}


class Demo:
    """The demo in a folder of its own, and what it printed."""

    def __init__(self, folder: Path):
        program = os.environ.get("PUNCHCLOCK_BIN") or str(ROOT / "target" / "release" / "punchclock")
        self.folder, self.program = folder, [program, "--data", str(folder / "data")]
        command = [*self.program, "demo", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said: list[str] = []
        self.address = self.name = self.password = ""
        self.is_ready = threading.Event()
        threading.Thread(target=self.listen, daemon=True).start()
        if not self.is_ready.wait(DEMO_PATIENCE_SECONDS) or not self.password:
            self.end()
            raise SystemExit("the demo did not say how to sign in; it said:\n" + "".join(self.said))

    def listen(self) -> None:
        for line in self.process.stdout:
            self.said.append(line)
            for field, pattern in [
                ("address", r"open\s+(http://\S+)"),
                ("name", r"sign in\s+(\S+)"),
                ("password", r"password\s+(\S+)"),
            ]:
                if found := re.search(r"^\s*" + pattern, line):
                    setattr(self, field, found.group(1))
            if self.address and self.password:
                self.is_ready.set()
        self.is_ready.set()

    def tells_a_receiver_that_is_away(self) -> None:
        """Days for a sink: the first attempts fail."""
        token = self.folder / "crm.token"
        token.write_text("t0ken")
        sink = ["--url", "http://127.0.0.1:9/days", "--token-file", str(token), "--allow-private"]
        self.run("sink", "add", "crm", *sink)
        self.run("sync", "crm", "--from", "2000-01-01", succeeds=False)

    def has_places(self) -> None:
        """Two sites in two zones, one with a terminal, and a department with a part."""
        for kind, text in [
            ("sites", "code,name,zones,terminals\nMNL,Manila,Asia/Manila,DEMO0001\nTYO,Tokyo,Asia/Tokyo Asia/Seoul@2099-01-01,\n"),
            ("departments", "code,name,parent\nHR,People,\nPAY,Payroll,HR\n"),
        ]:
            file = self.folder / f"{kind}.csv"
            file.write_text(text)
            self.run("import", "csv", str(file), "--kind", kind)

    def run(self, *arguments: str, succeeds: bool = True) -> None:
        command = [*self.program, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        assert (done.returncode == 0) == succeeds, f"{command}: {done.stdout}"

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Visit:
    """A signed-in browser of one size that remembers every complaint."""

    def __init__(self, browser: Browser, demo: Demo, out: Path, name: str, **options):
        self.demo, self.out, self.name = demo, out, name
        self.context = browser.new_context(base_url=demo.address, locale="en-GB", **options)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.sign_in()

    def sign_in(self) -> None:
        """From the keyboard alone: the first field has the focus, Enter sends."""
        self.page.goto("/days")
        expect(self.page).to_have_title("Sign in · Punchclock")
        self.page.keyboard.type(self.demo.name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(self.demo.password)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", name="Days")).to_be_visible()

    def look(self, picture: str, path: str, *texts: str, whole: bool = False) -> None:
        """Opens a page, expects texts, measures the overflow, takes a picture."""
        self.page.goto(path)
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)
        self.picture(picture, whole)

    def picture(self, picture: str, whole: bool = False) -> None:
        too_wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{picture} at {self.name}: {too_wide} pixels wider than the screen"
        assert self.page.locator("main h1").count() == 1, f"{picture}: one heading of the first level"
        self.page.screenshot(path=self.out / f"{picture}-{self.name}.png", full_page=whole)

    def end(self) -> None:
        self.context.close()
        assert not self.complaints, f"the browser complains at {self.name}: {self.complaints}"


def day_with_reasons(visit: Visit) -> None:
    """From the list to a day, by its links."""
    page = visit.page
    page.goto("/days?exception=tardy&sort=worked")
    expect(page.locator("th[aria-sort='descending']")).to_contain_text("Worked")
    page.locator("table.rows tbody a").first.click()
    main = page.locator("main")
    for text in ["Figures and their reasons", "Exceptions", "Scheduled", "Worked", "Times in", "minutes tardy"]:
        expect(main).to_contain_text(text)
    expect(page.get_by_role("img", name="The day as a picture")).to_be_visible()
    expect(main.locator(".tag.good", has_text="Arrival").first).to_be_visible()
    visit.picture("day", whole=visit.name.startswith("1280"))
    here = page.url
    page.get_by_role("link", name="Day after").click()
    page.get_by_role("link", name="Day before").click()
    assert page.url == here, "the neighbours lead back"


def everything(visit: Visit) -> None:
    visit.look("days", "/days", "Times in", "durations in hours and minutes")
    day_with_reasons(visit)
    visit.look("terminals", "/terminals", "Front door", "DEMO0003", "waits for approval", "Last complete read")
    visit.look("commands", "/terminals/commands", "No terminal was asked yet", "Nobody can punch there")
    visit.look("edges", "/edges", "in order", "Last heartbeat", "Silent terminals")
    visit.look("completeness", "/terminals/completeness", "Front door", "Log last read")
    visit.look("held", "/held", "Kept, not lost", "The user number belongs to nobody", "Make provisional")
    visit.page.locator("a[href^='/held/punches?']").first.click()
    expect(visit.page.locator("main")).to_contain_text("Earliest first")
    visit.picture("held-group")
    visit.look("punches", "/punches", "Printed times", "DEMO0001")
    visit.look("payroll-records", "/payroll/records", "No period was locked yet")
    visit.look("employees", "/employees", "User numbers")
    visit.look("sheets", "/sheets", "Time sheets")
    visit.look("sites", "/sites", "Manila", "Asia/Tokyo", "By date", "Add or change a site")
    visit.look("departments", "/departments", "Payroll", "HR", "Add or change a department")
    visit.look("users", "/terminals/users?state=all", "beside the users that each terminal listed last", "in step")
    visit.look("match", "/people/match?state=all", "Nothing changes until you decide", "Could be")
    tries_a_file(visit)
    visit.look("jobs", "/jobs", "marks yesterday and today to be derived", "History", "Done")
    visit.look("sinks", "/sinks", "The systems that are told of judged days", "Records of crm", "Waiting")
    visit.look("sources", "/sources", "Nothing is read from other systems yet")
    visit.look("board", "/", "Who is in now", "seen today", "waits for approval")
    response = visit.page.request.get("/nowhere")
    assert response.status == 404 and "There is nothing at this address" in response.text()


def tries_a_file(visit: Visit) -> None:
    """A file is brought, seen, and taken without another upload; the same one again has nothing new."""
    page = visit.page
    visit.look("imports", "/imports", "Bring a file", "nothing changes until you say so", "History")
    # Of its own time, so that each visit has something new.
    rows = f"user_id,event_time,door\n990{len(visit.name)},2026-01-05 08:00:00,Gate {visit.name.replace(' ', '-')}\n,2026-01-05 08:00,Gate\n"
    page.set_input_files("#file", {"name": "gate.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.fill("#zone", "Asia/Manila")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("main")).to_contain_text("Nothing was changed")
    visit.picture("import", whole=True)
    page.get_by_role("button", name="Import these").click()
    expect(page.locator("main")).to_contain_text("The same file")
    visit.look("imports-history", "/imports", "gate.csv", "Tried only")


def live_board(visit: Visit) -> None:
    """People who punch appear by themselves, without a reload."""
    page = visit.page
    page.goto("/")
    expect(page.locator("#live-state")).to_contain_text("Live", timeout=10_000)
    page.evaluate("window.stayed = true")
    before = page.locator("#board").inner_text()
    expect(page.locator("#board")).not_to_have_text(before, use_inner_text=True, timeout=LIVE_PATIENCE_MS)
    assert page.evaluate("window.stayed"), "the page was loaded again"


def wait_for_people(demo: Demo, browser: Browser, out: Path) -> None:
    """The demo's day starts when it starts: the pictures wait until some people are in."""
    visit = Visit(browser, demo, out, "first", viewport=WIDE)
    visit.page.goto("/")
    expect(visit.page.locator(".people li").nth(PEOPLE_IN_PICTURES - 1)).to_be_visible(timeout=LIVE_PATIENCE_MS)
    visit.end()


def approve_the_stranger(visit: Visit) -> None:
    """The one thing that waits for a person is done from its page, and says what it did."""
    page = visit.page
    page.goto("/terminals?show=unapproved")
    page.get_by_role("button", name="Approve DEMO0003").click()
    expect(page.get_by_role("status")).to_contain_text("Done")
    page.goto("/terminals?show=unapproved")
    expect(page.locator("main")).to_contain_text("No terminal matches")


def ask_a_terminal(visit: Visit) -> None:
    """A terminal does what its page asks, and the result comes back there; a restart has to be confirmed."""
    page = visit.page
    page.goto("/terminals")
    page.get_by_role("link", name="Commands of Front door").click()
    page.get_by_role("button", name="Restart", exact=True).click()
    assert page.get_by_role("status").count() == 0, "nothing was sent without the tick"
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("is queued")
    page.goto("/terminals/commands?state=done")
    for _ in range(RESULT_LOOKS):
        if page.get_by_text("What it told").count():
            break
        page.wait_for_timeout(RESULT_LOOK_MS)
        page.reload()
    page.get_by_text("What it told").click()
    expect(page.locator("main")).to_contain_text("FWVersion=")


def run_a_job(visit: Visit) -> None:
    """What is asked for is done by the hub that runs, and stands in the history."""
    page = visit.page
    page.goto("/jobs")
    page.get_by_role("button", name="Run derive now").click()
    expect(page.get_by_role("status")).to_contain_text("was asked for")
    number = re.search(r"asked=(\d+)", page.url).group(1)
    page.goto("/jobs?state=done")
    for _ in range(RESULT_LOOKS):
        if page.get_by_role("cell", name=number, exact=True).count():
            break
        page.wait_for_timeout(RESULT_LOOK_MS)
        page.reload()
    expect(page.get_by_role("cell", name=number, exact=True)).to_be_visible()


def cure_a_held_number(visit: Visit) -> None:
    """A mistake is told next to its form; the cure says what it released."""
    page = visit.page
    page.goto("/held?reason=unknown_user")
    page.get_by_label("Employee code for user number").first.fill("nobody-has-this")
    page.get_by_role("button", name="Assign").first.click()
    expect(page.get_by_role("alert")).to_contain_text("There is no employee with code nobody-has-this")
    assert "422" in visit.complaints.pop(), "the refusal is the only thing that the browser notes"
    page.get_by_role("button", name="Make provisional").first.click()
    expect(page.get_by_role("status")).to_contain_text("were released")


def time_sheets(visit: Visit) -> None:
    """From the list of employees to a sheet; printed, every employee has a page of A4, in both layouts."""
    page = visit.page
    page.goto("/employees")
    page.get_by_role("link", name=re.compile("Time sheet of")).first.click()
    page.get_by_role("link", name="Month before").click()
    month = re.search(r"month=(\d+-\d+)", page.url).group(1)
    for layout in ["plain", "form48"]:
        for path in [page.url.split("?")[0], "/sheets"]:
            page.goto(f"{path}?month={month}&layout={layout}")
            sheets = page.locator("article.sheet").count()
            visit.picture(f"sheet-{layout}-{sheets}")
            pdf = page.pdf(prefer_css_page_size=True)
            (visit.out / f"sheet-{layout}-{sheets}.pdf").write_bytes(pdf)
            pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
            assert sheets and pages == sheets, f"{layout}: {sheets} sheets are {pages} pages"
            sizes = set(re.findall(rb"/MediaBox\s*\[0 0 (\d+)[.\d]* (\d+)", pdf))
            assert sizes and sizes <= A4_POINTS, f"{layout}: {sizes}"


def focus_is_visible(visit: Visit) -> None:
    """The keyboard reaches the content, and one sees where it is."""
    page = visit.page
    page.goto("/days")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", f"the focus is not visible: {outline}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, help="folder that keeps the pictures which the README shows")
    keep = arguments.parse_args().out
    folder = Path(tempfile.mkdtemp(prefix="punchclock-browser-"))
    out = folder / "pictures"
    out.mkdir()
    chromium = os.environ.get("PUNCHCLOCK_CHROMIUM") or shutil.which("chromium")
    no_sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    demo = Demo(folder)
    try:
        demo.tells_a_receiver_that_is_away()
        demo.has_places()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=no_sandbox)
            wait_for_people(demo, browser, out)
            for name, options in [
                ("1280", {"viewport": WIDE}),
                ("390", {"viewport": NARROW}),
                ("1280-dark", {"viewport": WIDE, "color_scheme": "dark"}),
                ("390-without-script", {"viewport": NARROW, "java_script_enabled": False}),
            ]:
                visit = Visit(browser, demo, out, name, **options)
                everything(visit)
                visit.end()
                print(f"ok: every page at {name}")
            visit = Visit(browser, demo, out, "last", viewport=WIDE)
            pages = [focus_is_visible, time_sheets, live_board]
            for story in [*pages, cure_a_held_number, approve_the_stranger, ask_a_terminal, run_a_job]:
                story(visit)
                print(f"ok: {story.__name__.replace('_', ' ')}")
            visit.end()
            browser.close()
    finally:
        demo.end()
        shutil.rmtree(folder / "data", ignore_errors=True)
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        for picture in OF_THE_README:
            shutil.copy(out / picture, keep)
    print(f"all pictures in {out}")


if __name__ == "__main__":
    main()
