"""The pages in a real browser: a run is started, watched to its end and tried; nothing is asked of another machine.

With FINETAB_PICTURES set to a folder, each page is photographed at the width of a desk and of a phone.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import psutil
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from tests.training.dashboard.conftest import tuned
from tests.training.dashboard.reading.test_comparison import write_comparison

from finetab_training.tune.plan import Plan

__all__ = ["tuned"]  # a fixture

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LIMIT_MS = 60_000  # a busy machine takes its time
_LAST_SECONDS = 10
_DESK: ViewportSize = {"width": 1280, "height": 900}
_PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL = {
    "Steps at most (0: by epochs)": "12", "Rows a step": "1", "Tokens a row": "400", "Tokens before the cursor": "150",
    "Tokens after it": "60", "Tokens of a middle at most": "60", "Rows kept back": "2",
    "Steps between checkpoints": "4",
}  # fmt: skip
"""What is filled in for a run that takes seconds."""
PAGES = ("Start", "Runs", "Compare", "Try", "Gate", "Statistics")


def browser_here() -> str | None:
    """The path of a Chromium: what CHROMIUM names, or what is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)


@pytest.fixture
def browser() -> Iterator[Browser]:
    path = browser_here()
    if path is None:
        pytest.skip("no Chromium is here; install one (Debian: apt-get install chromium) or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=path, args=arguments)
        yield opened
        opened.close()


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """`finetab dashboard` of a folder: its address, and the process."""
    command = [sys.executable, "-m", "finetab", "dashboard", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            said = ""
            while not (found := re.search(r"at (http://127\.0\.0\.1:\d+) ", said)):
                line = process.stdout.readline()
                assert line, said
                said += line
            wait_until(lambda: bool(_listened_on(process.pid)))  # the address is said a moment before
            yield found[1], process.pid
        finally:
            process.terminate()
            try:
                process.wait(_LAST_SECONDS)
            except subprocess.TimeoutExpired:  # Streamlit does not hear it while it begins
                process.kill()


@pytest.fixture
def desk(browser: Browser, tuned: Plan, tiny: Callable[[str], Path], tmp_path: Path) -> Iterator[Page]:
    """A page of the dashboard of a repository that was tuned, with a comparison; all that it asks for is listed."""
    root = Path(shutil.copytree(tuned.root, tmp_path / "project"))
    write_comparison(root / "comparison")
    (root / "finetab.toml").write_text(f'base = "{tiny("llama")}"\n')
    with served(root) as (address, _):
        page = browser.new_page(viewport=_DESK)
        page.set_default_timeout(_LIMIT_MS)
        expect.set_options(timeout=_LIMIT_MS)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.goto(address)
        yield page
        own = address.removeprefix("http:")
        assert not [url for url in asked if not url.startswith((f"http:{own}", f"ws:{own}", "data:", "blob:"))]


def visit(page: Page, name: str) -> None:
    """Go to a page by its name, and wait until all of it is drawn."""
    page.goto(urljoin(page.url, "/" if name == "Start" else f"/{name.lower()}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    settle(page)


def settle(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(500)


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Enter")
    settle(page)


def picture(page: Page, name: str) -> None:
    """Keep what all of the page looks like, where that is wanted."""
    folder, size = os.environ.get("FINETAB_PICTURES"), page.viewport_size
    if folder and size:
        height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")  # it scrolls by itself
        page.set_viewport_size({"width": size["width"], "height": height})
        page.wait_for_timeout(500)
        page.screenshot(path=Path(folder) / f"{name}.png")
        page.set_viewport_size(size)


def test_a_run_is_started_watched_to_its_end_and_tried(desk: Page) -> None:
    settle(desk)
    desk.get_by_label("Technique").click()
    desk.get_by_role("option", name="lora: low-rank").first.click()
    desk.get_by_text("Budgets").click()
    for label, value in SMALL.items():
        fill(desk, label, value)
    expect(desk.get_by_text("finetab train --data . --out my-adapter")).to_be_visible()
    desk.get_by_role("button", name="Estimate the memory").click()
    expect(desk.get_by_text("parameters to train")).to_be_visible()
    desk.get_by_role("button", name="Start", exact=True).click()
    expect(desk.get_by_text("my-adapter at work")).to_be_visible()
    expect(desk.get_by_text(re.compile(r"Step \d+ of 12"))).to_be_visible()
    picture(desk, "started")
    expect(desk.get_by_text("my-adapter finished")).to_be_visible()
    expect(desk.get_by_text("Step 12 of 12")).to_be_visible()

    visit(desk, "Try")
    desk.get_by_role("button", name="Complete").click()
    expect(desk.get_by_text(re.compile("^Base · none"))).to_be_visible()
    expect(desk.get_by_text(re.compile("^Adapter · my-adapter@"))).to_be_visible()
    settle(desk)
    picture(desk, "tried")
    assert not desk.get_by_text("Traceback").count()


@pytest.mark.parametrize("size", [_DESK, _PHONE], ids=["desk", "phone"])
def test_every_page_fits_and_shows_no_fault(desk: Page, size: ViewportSize) -> None:
    desk.set_viewport_size(size)
    for name in PAGES:
        visit(desk, name)
        assert not desk.get_by_test_id("stException").count()
        wide = desk.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= size["width"], name
        picture(desk, f"{name.lower()}-{size['width']}")


def test_nothing_but_this_machine_can_reach_it(tmp_path: Path) -> None:
    with served(tmp_path) as (address, pid):
        port = address.rpartition(":")[2]
        assert _listened_on(pid) == {("127.0.0.1", int(port))}


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _LIMIT_MS / 1000
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def _listened_on(pid: int) -> set[tuple[str, int]]:
    places = psutil.Process(pid).net_connections("inet")
    return {(place.laddr.ip, place.laddr.port) for place in places if place.status == psutil.CONN_LISTEN}
