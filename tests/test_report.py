"""The report: one page that shows results, hides code and fetches nothing."""

import base64
import io
import re
from html.parser import HTMLParser

import nbformat
import pytest

from crmlab.course import report


class Page(HTMLParser):
    """What a page holds and what it would fetch."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.fetched, self.anchors, self.targets, self.text = [], [], set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        self.anchors.add(attributes.get("id"))
        for name in ("src", "srcset", "data", "poster"):
            if name in attributes and not attributes[name].startswith("data:"):
                self.fetched.append(attributes[name])
        if tag == "a" and attributes.get("href", "").startswith("#"):
            self.targets.add(attributes["href"][1:])
        elif "href" in attributes and tag != "a":
            self.fetched.append(attributes["href"])

    def handle_data(self, data):
        self.text.append(data)

    def find(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def code_cell(source, *produced, tags=()):
    return nbformat.v4.new_code_cell(source, outputs=list(produced), metadata={"tags": list(tags)})


def shown(data, metadata=None):
    return nbformat.v4.new_output("display_data", data, metadata=metadata or {})


HOSTILE = """<style>@import url(http://example.org/x.css);</style><style scoped>td {color: red}</style>
<script src="https://example.org/x.js"></script><script>x()</script>
<img src="http://example.org/x.png" onerror="x()">
<p style="background: url(//example.org/y.png)">gone</p><p onclick="x()">stays</p>
<table border="1"><tr><th>客户</th><th>额</th></tr><tr><td>甲</td><td>1,234.50</td><td>−3 %</td>
<td>2026-06-17</td></tr></table>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    png = base64.b64encode(b"not really a picture").decode()
    cells = [
        nbformat.v4.new_markdown_cell("# 02 分群 & 记号\n\n见 [别处](https://example.org/prose)。"),
        code_cell('window = 365\norders = ""\ntables = ""', tags=["parameters"]),
        code_cell('orders = "/home/someone/my.parquet"\ntables = "/home/x"', tags=["injected-parameters"]),
        code_cell("secret_setup()", shown({"text/plain": "setup output"}), tags=["setup"]),
        nbformat.v4.new_markdown_cell("## 窗口 `window`\n\n| a | b |\n| - | - |\n| x | 12 |"),
        code_cell(
            "secret_code()",
            nbformat.v4.new_output("stream", name="stdout", text="a < b 鑫\n"),
            nbformat.v4.new_output("stream", name="stderr", text="a warning"),
            shown({"text/html": HOSTILE, "text/plain": "plain table"}),
            shown({"image/png": png, "text/plain": "<Figure>"}, {"image/png": {"alt": 'Marks "per" type'}}),
            shown({"image/png": png}),
            shown({"image/svg+xml": "<svg onload='x()'></svg>"}),
            shown({"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}),
        ),
    ]
    paths = []
    for number in ("02", "03"):
        paths.append(folder / f"{number}_x.ipynb")
        nbformat.write(nbformat.v4.new_notebook(cells=cells), paths[-1])
    report.write_report(paths, folder / "report.html", "zh")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_report_fetches_nothing_and_runs_nothing(page):
    parsed = Page(page)
    assert parsed.fetched == []
    assert parsed.find("script") == parsed.find("link") == []
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert set(re.findall(r"https?://[^\"')\s<]+", page)) == {"https://example.org/prose"}
    assert "//example.org/y.png" not in page
    assert "@import" not in page


def test_the_report_shows_results_and_hides_code(page):
    text = "".join(Page(page).text)
    for part in ("a < b 鑫", "甲", "stays", "365", "my.parquet", "本课使用的参数"):
        assert text.count(part) == 2
    for part in ("secret", "setup output", "a warning", "/home/", "plain table", "<Figure>", "gone"):
        assert part not in text


def test_the_report_has_a_working_table_of_contents(page):
    parsed = Page(page)
    assert parsed.find("html")[0]["lang"] == "zh-CN"
    assert "02 分群 & 记号" in parsed.text
    assert "窗口 window" in parsed.text
    assert len(parsed.targets) == 4
    assert parsed.targets <= parsed.anchors
    assert [name for name, _ in parsed.tags].count("section") == 2


def test_numbers_stand_right_and_pictures_have_words(page):
    parsed = Page(page)
    assert [attributes.get("class") for attributes in parsed.find("td")].count("number") == 2 * 3
    assert [attributes.get("class") for attributes in parsed.find("th")].count("number") == 2
    assert [attributes["alt"] for attributes in parsed.find("img")] == [
        'Marks "per" type',
        "图：窗口 window",
        "图：窗口 window",
    ] * 2
    assert all(attributes["src"].startswith("data:image/") for attributes in parsed.find("img"))


def test_the_style_of_one_table_does_not_reach_another(tmp_path):
    style = "<style>#T_x_row0_col0 {{color: red}}</style>"
    table = style + '<table id="T_x"><tr><td id="T_x_row0_col0">{}</td></tr></table>'
    cells = [code_cell("", *(shown({"text/html": table.format(letter)}) for letter in "ab"))]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "1.ipynb")
    report.write_report([tmp_path / "1.ipynb"], tmp_path / "report.html", "en")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(set(re.findall(r'<td id="(\w+)"', page))) == 2
    assert re.findall(r'<td id="(\w+)"', page) == re.findall(r"#(\w+) {color", page)


def test_the_report_carries_its_own_chinese_letters_and_no_others(page):
    from fontTools.ttLib import TTFont

    [coded] = re.findall(r"font/woff;base64,([\w+/=]+)", page)
    letters = TTFont(io.BytesIO(base64.b64decode(coded))).getBestCmap()
    assert {ord(letter) for letter in "分群窗口鑫客户报告目录"} <= set(letters)
    assert ord("犇") not in letters
    assert len(page) < 300_000
    families = re.findall(r"font-family: ([^;]+)", page)
    assert all(family.startswith('"crmlab sc"') for family in families)
