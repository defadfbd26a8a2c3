"""A real browser for tests: it reaches this machine only, and a page that complains in its console fails its test.

Every test of this folder is marked `browser`; `make test-browser` runs them. They use the fixtures of pytest-playwright
(`page`, `context`, `new_context`) and, of this file, `screenshot`, `watch` and `lab`.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCREENSHOTS = ROOT / "out" / "screenshots"
FONT = ROOT / "crmlab" / "fonts" / "noto_sans_sc_gb2312.ttf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
MILLISECONDS = 90_000
"""How long a page is waited for, on a slow machine too."""
LOCAL = ("127.0.0.1", "localhost", "")  # "": file, data, blob and about have no host


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    lacking = None
    if not find_spec("pytest_playwright"):
        lacking = "pytest-playwright is not installed: run `make test-browser`"
    elif not CHROMIUM:
        lacking = f"no browser on the path: none of {', '.join(BROWSERS)}"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if lacking:
                item.add_marker(pytest.mark.skip(reason=lacking))


@pytest.fixture(scope="session")
def base_url() -> None:
    """No page is asked for by a part of its address; pytest-base-url's own fixture warns under pytest 9.2."""


@pytest.fixture(scope="session")
def browser_home(tmp_path_factory) -> Path:
    """A home folder for the browser, with the Chinese font of the course among its fonts."""
    home = tmp_path_factory.mktemp("home")
    fonts = home / ".fonts"
    fonts.mkdir()
    shutil.copy(FONT, fonts)
    return home


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args, browser_home) -> dict:
    """Chromium of this machine, which finds no other host, not even by its number."""
    flags = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": flags,
        "env": os.environ | {"HOME": str(browser_home), "XDG_DATA_HOME": str(browser_home / "data")},
    }


class Watch:
    """What the pages of one test asked for and complained of.

    `outside`: addresses of requests and web sockets to other hosts. `complaints`: errors in the console, and errors
    that no script caught. A test that provokes an error calls `forgive(part of its text)`.
    """

    def __init__(self):
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self._forgiven: list[str] = []

    def forgive(self, text: str) -> None:
        self._forgiven.append(text)

    def over(self, context) -> None:
        context.on("request", lambda request: self._asked(request.url))
        context.on("console", self._said)
        context.on("weberror", lambda found: self.complaints.append(str(found.error)))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._asked(socket.url)))

    def faults(self) -> list[str]:
        """Every request that would have left this machine, and every complaint that was not forgiven."""
        unforgiven = [text for text in self.complaints if not any(part in text for part in self._forgiven)]
        return [*(f"request to another host: {address}" for address in self.outside), *unforgiven]

    def _asked(self, address: str) -> None:
        if (urlsplit(address).hostname or "") not in LOCAL:
            self.outside.append(address)

    def _said(self, message) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture
def watch():
    """The watch over this test. At its end, no request has left the machine and no console has an error."""
    watching = Watch()
    yield watching
    assert watching.faults() == []


@pytest.fixture
def new_context(watch, new_context) -> Callable:
    """As pytest-playwright's, with the watch over every page."""

    def watched(**settings):
        context = new_context(**settings)
        context.set_default_timeout(MILLISECONDS)
        watch.over(context)
        return context

    return watched


@pytest.fixture
def screenshot(request) -> Callable:
    """`screenshot(page or locator, "name")` writes out/screenshots/<test file>/<name>.png."""
    folder = SCREENSHOTS / request.node.path.stem
    folder.mkdir(parents=True, exist_ok=True)
    return lambda shown, name, **settings: shown.screenshot(path=folder / f"{name}.png", **settings)


@pytest.fixture(scope="session")
def labs(tmp_path_factory):
    """`labs("zh")` is JupyterLab as `crmlab lab --lang zh` opens it, on a copy of the course."""
    from jupyter_page import running

    with ExitStack() as open_ones:
        yield cache(lambda lang: open_ones.enter_context(running(tmp_path_factory.mktemp("lab"), ROOT, lang)))


@pytest.fixture
def lab(labs):
    """JupyterLab in Chinese; the kernels of a test end with it."""
    found = labs("zh")
    yield found
    found.end_kernels()
