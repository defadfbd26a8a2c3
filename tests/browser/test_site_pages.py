"""The course site in a browser: no request to another host, search that finds Chinese, and pages that fit a phone.

The watch of conftest.py ends each test: nothing was asked of another host, and no console had an error.
"""

import functools
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from crmlab.site import build_site
from crmlab.site.chinese import terms

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("index", "lessons/02_segment", "student", "exercises", "data/orders", "more/rfm", "api/crmlab.rfm")
WIDE = """() => [...document.querySelectorAll("main *")].filter((element) => {
  const { right, width } = element.getBoundingClientRect();
  if (!width || right <= innerWidth + 1) return false;
  for (let above = element; above; above = above.parentElement) {
    const style = getComputedStyle(above);
    if (style.overflowX !== "visible" || style.position === "fixed") return false;
  }
  return true;
}).map((element) => element.outerHTML.slice(0, 80))"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> str:
    """The address of the whole site, built once and served on this machine."""
    if not all(map(find_spec, ("sphinx", "myst_nb", "sphinx_book_theme"))):
        pytest.skip("Sphinx is not installed: `make site` installs the extra site")
    html = build_site(ROOT, tmp_path_factory.mktemp("site") / "out").parent
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=html))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("lang", "width"), [("zh", 390), ("en", 1280)])
def test_pages_fit_the_width(site, page, screenshot, lang, width):
    page.set_viewport_size({"width": width, "height": 900})
    for name in PAGES:
        page.goto(f"{site}/{lang}/{name}.html")
        screenshot(page, f"{lang}_{name.replace('/', '_')}_{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate(WIDE) == [], name
        assert (
            page.evaluate("[...document.images].filter((image) => !image.naturalWidth).map((image) => image.src)") == []
        )


def test_every_lesson_opens_with_its_pictures_and_without_another_host(site, page):
    for lang in ("zh", "en"):
        for path in sorted((ROOT / "notebooks" / lang).glob("*.ipynb")):
            page.goto(f"{site}/{lang}/lessons/{path.stem}.html")
            assert page.locator(".cell_output img").count() >= 1
            assert page.locator(".cell_output img:not([alt])").count() == 0


def test_the_front_page_leads_to_both_languages_and_a_page_to_its_partner(site, page, screenshot):
    page.goto(site)
    screenshot(page, "door")
    page.get_by_role("link", name="进入中文版").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.get_by_role("link", name="02 任务二：客户分组").first.click()
    page.locator("a.language").click()
    assert page.url == f"{site}/en/lessons/02_segment.html"
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize(
    ("lang", "looked_for", "found"),
    [
        ("zh", "客户分组", "02 任务二：客户分组"),
        ("zh", "分界", "术语表"),
        ("zh", "类型客户门", None),
        ("zh", "type_customers", "crmlab.rfm.type_customers"),
        ("en", "threshold", "Glossary"),
    ],
)
def test_the_search_finds(site, page, screenshot, lang, looked_for, found):
    page.goto(f"{site}/{lang}/search.html?q={looked_for}")
    page.wait_for_function("Search.status && Search.status.innerText")
    results = page.locator("ul.search > li > a").all_inner_texts()
    screenshot(page, f"search_{lang}_{looked_for}")
    assert (found in results) if found else (results == [])


@pytest.mark.parametrize("text", ["客户分组", "RFM 的分界", "as_of，2026-06-17", "类"])
def test_the_page_splits_what_is_looked_for_as_the_index_does(site, page, text):
    page.goto(f"{site}/zh/search.html")
    split = page.evaluate("(text) => splitQuery(text)", text)
    pairs = [term for term in terms(text) if len(term) > 1 or text == term or not re.match("[\u3400-\u9fff]", term)]
    assert set(pairs) <= set(split) <= set(terms(text))


def test_an_exercise_can_be_downloaded(site, page):
    page.goto(f"{site}/zh/exercises.html")
    with page.expect_download() as got:
        page.locator("a.download").nth(2).click()
    assert got.value.suggested_filename == "02_segment.ipynb"
    assert got.value.path().read_bytes() == (ROOT / "exercises" / "zh" / "02_segment.ipynb").read_bytes()
