"""A real Chromium for the tests of pages, if this machine has one and playwright to drive it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome") if (found := shutil.which(name))), None)

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None, reason="needs Chromium and playwright (pip install 'backprop_derive[test]')"
)


class Visit:
    """A page that is open, with what it asked for and complained of so far."""

    def __init__(self, tab: Any, folder: Path) -> None:
        self.tab, self.file = tab, folder / "page.html"
        self.requests: list[str] = []
        self.complaints: list[str] = []
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def open(self, page: str) -> None:
        """Go to another page; what was asked for and complained of before is forgotten."""
        self.file.write_text(page, encoding="utf-8")
        self.requests.clear()
        self.complaints.clear()
        self.tab.goto(self.file.as_uri())

    def ask(self, script: str, *arguments: Any) -> Any:
        return self.tab.evaluate(script, *arguments)


class Browser:
    """Opens files as somebody does who clicks on them."""

    def __init__(self, chromium: Any, folder: Path) -> None:
        self.chromium, self.folder = chromium, folder

    @contextmanager
    def visit(self, page: str, *, width: int = 1400, height: int = 900, scripts: bool = True, **options: Any) -> Iterator[Visit]:
        context = self.chromium.new_context(viewport={"width": width, "height": height}, java_script_enabled=scripts, offline=True, **options)
        context.set_default_timeout(10_000)
        try:
            visit = Visit(context.new_page(), self.folder)
            visit.open(page)
            yield visit
        finally:
            context.close()


def launched(folder: Path) -> Iterator[Browser]:
    """The browser, for as long as the tests of a file run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=alone)
        try:
            yield Browser(chromium, folder)
        finally:
            chromium.close()


def boxes(visit: Visit, selector: str) -> list[Mapping[str, float]]:
    """Where elements stand that can be seen."""
    found: list[Mapping[str, float]] = visit.ask(
        "(selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility({visibilityProperty: true})).map((each) => each.getBoundingClientRect().toJSON())",
        selector,
    )
    return found
