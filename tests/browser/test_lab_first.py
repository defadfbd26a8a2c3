"""JupyterLab as a newcomer meets it: two clicks to the first picture, in their language, with the right Python."""

import sys

import pytest
from jupyter_page import READY, in_kernel, in_page

from crmlab.words import LANGUAGES, word

SAID = {
    "zh": {"welcome": "第一张图，点两下", "picture": "第一张图", "menu": "运行", "lesson": "02 任务二：客户分组"},
    "en": {
        "welcome": "The first picture, in two clicks",
        "picture": "A first picture",
        "menu": "Run",
        "lesson": "02 Task two: group the customers",
    },
}
PICTURES = "Array.from(document.querySelectorAll('.jp-Notebook .jp-OutputArea-output img'))"
MARK_OLD = f"{PICTURES}.forEach(picture => picture.dataset.old = true)"
NEW_PICTURE = f"() => {PICTURES}.some(picture => !picture.dataset.old && picture.naturalWidth > 300)"
IN_SIGHT = f"""() => {PICTURES}.some(picture => {{
    const place = picture.getBoundingClientRect();
    return place.top >= 0 && place.top < innerHeight - 200 && place.height > 0;
}})"""


@pytest.fixture(params=LANGUAGES)
def opened(request, labs, page):
    """The page that `crmlab lab` opens, in each language."""
    lab = labs(request.param)
    page.goto(lab.address("lab"))
    page.get_by_role("heading", name=SAID[lab.lang]["welcome"]).wait_for()
    yield lab, page
    lab.end_kernels()


def test_two_clicks_lead_to_the_first_picture(opened, screenshot):
    lab, page = opened
    said = SAID[lab.lang]
    in_page(page, READY)
    tabs = page.locator("#jp-main-dock-panel").get_by_role("tab")
    assert [tab.inner_text().strip() for tab in tabs.all()] == ["welcome.md", "00_start.ipynb"]
    assert page.get_by_role("menubar").get_by_role("menuitem", name=said["menu"], exact=True).is_visible()
    assert page.get_by_role("dialog").count() == 0
    screenshot(page, f"welcome_{lab.lang}")

    page.evaluate(MARK_OLD)
    page.get_by_role("button", name=word("lab.run_all", lab.lang), exact=True).click()
    page.get_by_role("treeitem", name=said["picture"]).last.click()
    page.wait_for_function(NEW_PICTURE, timeout=90_000)
    page.wait_for_function(IN_SIGHT)
    screenshot(page, f"first_picture_{lab.lang}")
    assert in_kernel(page, "import sys; print(sys.executable)") == sys.executable
