"""A browser for the tests of pages: Chromium, headless, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kaggle_seg.run_directory import Run
from tests.drawn_runs import draw_run, draw_tree

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
OpenPage = Callable[..., "Page"]


def missing(what: str) -> None:
    """Skips a test for want of something; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; in CI no test of a page may be skipped")
    pytest.skip(what)


def wait_until(page: Page, condition: str) -> None:
    """Waits for a condition in JavaScript.

    Playwright's own `wait_for_function` looks a second time from within the page, where the page's policy forbids it.
    """
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never true: {condition}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser that all tests share."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("no Chromium on the PATH (Debian: apt install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (pip install playwright)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens an HTML file from disk; at the end the test fails if the page complained or asked for anything else.

    Its arguments: the file; `address`, what follows it from `#` on; and what Playwright's `new_context` takes.
    """
    troubles: list[str] = []
    contexts = []

    def open_file(path: Path, address: str = "", **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 2000}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and troubles.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        own = path.resolve().as_uri()
        page.on("request", lambda request: note_request(request.url, own, troubles))
        page.goto(own + address)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert troubles == []


def note_request(url: str, own: str, troubles: list[str]) -> None:
    """Notes what is neither the page itself nor data within it."""
    if url.partition("#")[0] != own and not url.startswith("data:"):
        troubles.append(f"request: {url[:200]}")


@pytest.fixture
def drawn_run(tmp_path: Path) -> Run:
    return draw_run("drawn", draw_tree(tmp_path / "tiles"))
