"""The course site: links lead somewhere, nothing comes from another host, and both languages have the same pages."""

import base64
import importlib
import inspect
import json
import re
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import nbformat
import nbformat.v4
import pytest
from tiny_course import write_lesson

import crmlab
from crmlab.course.source import read_lessons
from crmlab.errors import CrmlabError
from crmlab.site import build_site, site_faults
from crmlab.site.api import rooms
from crmlab.site.cards import half
from crmlab.site.chinese import terms
from crmlab.site.docstrings import as_rst
from crmlab.site.links import relinked
from crmlab.site.sources import page_of, write_sources
from crmlab.widgets.kept import EXPORT, STATES, VIEW
from crmlab.words import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="  # one red dot
)
ALIVE = f"function render({{ model, el }}) {{ el.textContent = model.get('said') }}{EXPORT}"
SPHINX = pytest.mark.skipif(
    not all(map(find_spec, ("sphinx", "myst_nb", "sphinx_book_theme"))),
    reason="Sphinx is not installed: `make site` installs the extra site",
)


def written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def small_course(root: Path) -> Path:
    """A repository with one lesson, the guides, one page in English only and one data card."""
    write_lesson(root, "00", "start")
    [lesson] = read_lessons(root / "notebooks" / "source")
    for lang, link, title in (("zh", "中文", "分组的门槛"), ("en", "English", "The threshold")):
        other = "en" if lang == "zh" else "zh"
        switch = f"[{'English' if lang == 'zh' else '中文'}]({{}}.{other}.md)"
        for name in ("student", "instructor", "analyst", "glossary", "troubleshooting"):
            linked = "[rules](rfm.md#marks), [cards](../datasets/cards), [a file](../datasets/a.csv)"
            written(root / "docs" / f"{name}.{lang}.md", f"# {title}\n\n{switch.format(name)}\n\n{link}: {linked}\n")
        (root / "docs" / f"first_{lang}.png").write_bytes(base64.b64decode(PIXEL))
        made = lesson.notebook(lang)
        code = [cell for cell in made.cells if cell.cell_type == "code"]
        picture = {"image/png": PIXEL, "text/plain": "a dot"}
        code[0].outputs = [nbformat.v4.new_output("display_data", picture, metadata={"image/png": {"alt": "Dot " * 3}})]
        views = ({VIEW: {"model_id": name}, "text/plain": ""} for name in ("live", "dead"))
        code[1].outputs = [nbformat.v4.new_output("display_data", data) for data in views]
        live = {"_esm": ALIVE, "_css": "", "said": "It lives. </script>"}
        states = {"live": {"state": live}, "dead": {"state": {"_model_name": "IntSliderModel"}}}
        made.metadata["widgets"] = {STATES: {"version_major": 2, "version_minor": 0, "state": states}}
        written(root / "notebooks" / lang / "00_start.ipynb", nbformat.writes(made))
        written(root / "exercises" / lang / "00_start.ipynb", nbformat.writes(lesson.exercise(lang)))
    written(root / "docs" / "rfm.md", "# Rules\n\n## Marks\n\n`[no](link.md)`\n")
    written(root / "datasets" / "a.csv", "a\n1\n")
    card = "# orders\n\n## 中文\n\n一行是一笔订单。\n\n### 列\n\n## English\n\nOne row is one order.\n\n### Columns\n"
    written(root / "datasets" / "cards" / "orders.md", card)
    return root


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The pages of the small course, built once."""
    if SPHINX.args[0]:
        pytest.skip(SPHINX.kwargs["reason"])
    folder = tmp_path_factory.mktemp("site")
    said = []
    front = build_site(small_course(folder / "course"), folder / "out", say=said.append)
    assert "Chinese" in said[0]
    assert front.name in said[-1]
    assert {path.name for path in front.parent.iterdir()} == {"index.html", "zh", "en", "first_zh.png", "first_en.png"}
    return front.parent


def page(built: Path, name: str) -> str:
    return (built / name).read_text(encoding="utf-8")


def test_both_languages_have_the_same_pages_and_each_leads_to_its_partner(built):
    names = {
        lang: {path.relative_to(built / lang).as_posix() for path in (built / lang).rglob("*.html")}
        for lang in LANGUAGES
    }
    names = {lang: {name for name in found if not name.startswith("_static")} for lang, found in names.items()}
    assert names["zh"] == names["en"]
    assert {
        "index.html",
        "lessons/00_start.html",
        "student.html",
        "data/orders.html",
        "more/rfm.html",
        "api/crmlab.html",
    } <= names["zh"]
    for name in names["zh"]:
        for lang, other in (("zh", "en"), ("en", "zh")):
            way = re.search(r'class="language"[^>]*href="([^"]+)"', page(built, f"{lang}/{name}"))[1]
            assert (built / lang / name).parent.joinpath(way).resolve() == built / other / name


def test_pages_are_in_their_language(built):
    assert '<html lang="zh-CN"' in page(built, "zh/student.html")
    assert '<html lang="en"' in page(built, "en/student.html")
    assert "下一页" in page(built, "zh/student.html")
    assert "这一页只有英文。" in page(built, "zh/more/rfm.html")
    assert "一行是一笔订单。" in page(built, "zh/data/orders.html")
    assert "一行是一笔订单。" not in page(built, "en/data/orders.html")


def test_a_lesson_keeps_its_picture_its_words_and_its_live_widget(built):
    lesson = page(built, "zh/lessons/00_start.html")
    assert 'alt="Dot Dot Dot "' in lesson
    assert '<div data-model="live"></div>' in lesson
    assert "It lives. \\u003c/script>" in lesson
    assert "dead" not in lesson
    assert "require" not in lesson


def test_lessons_and_exercises_can_be_downloaded(built):
    found = re.findall(r'class="reference download[^"]*"[^>]*href="([^"]+)"', page(built, "en/lessons/00_start.html"))
    books = [nbformat.read(built / "en" / "lessons" / way, as_version=4) for way in found]
    assert [STATES in book.metadata.get("widgets", {}) for book in books] == [True, False]
    assert any("check(" in cell.source for cell in books[1].cells)
    assert "_downloads/" in page(built, "en/exercises.html")


def test_the_index_of_the_search_holds_chinese(built):
    text = page(built, "zh/searchindex.js").removeprefix("Search.setIndex(").removesuffix(")")
    index = json.loads(text)
    student = index["docnames"].index("student")
    assert student in index["titleterms"]["门槛"]
    assert {"分组", "组的"} <= index["titleterms"].keys()
    assert "splitQuery" in page(built, "zh/_static/language_data.js")


def test_a_site_is_built_the_same_again(built, tmp_path, monkeypatch):
    monkeypatch.setattr("crmlab.site.build.LANGUAGES", ("zh",))
    monkeypatch.setattr("crmlab.site.build.site_faults", lambda html: [])
    again = build_site(small_course(tmp_path / "course"), tmp_path / "out", say=lambda line: None).parent / "zh"
    tops = (built / "zh", again)
    first, second = ({path.relative_to(top): path for path in top.rglob("*") if path.is_file()} for top in tops)
    assert first.keys() == second.keys()
    assert [str(name) for name in first if first[name].read_bytes() != second[name].read_bytes()] == []


@SPHINX
def test_a_page_that_sphinx_warns_of_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("crmlab.site.build.LANGUAGES", ("en",))
    root = small_course(tmp_path / "course")
    written(root / "docs" / "rfm.md", "# Rules\n\n```{nonsense}\n```\n")
    with pytest.raises(CrmlabError, match="nonsense"):
        build_site(root, tmp_path / "out", say=lambda line: None)


@SPHINX
def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    written(tmp_path / "out" / "html" / "thesis.txt", "x")
    with pytest.raises(CrmlabError, match="out"):
        build_site(small_course(tmp_path / "course"), tmp_path / "out", say=lambda line: None)
    assert (tmp_path / "out" / "html" / "thesis.txt").exists()


def test_without_sphinx_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("crmlab.site.build.find_spec", lambda name: None)
    with pytest.raises(CrmlabError, match="make site"):
        build_site(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="gone.html">x</a>', "leads nowhere: gone.html"),
        ('<a href="b.html#gone">x</a>', "no such anchor: b.html#gone"),
        ('<a href="#gone">x</a>', "no such anchor: #gone"),
        ('<img src="gone.png">', "leads nowhere: gone.png"),
        ('<img src="https://shop.example/a.png">', "other host: https://shop.example/a.png"),
        ('<script src="//shop.example/a.js"></script>', "other host: //shop.example/a.js"),
        ('<link rel="stylesheet" href="http://shop.example/a.css">', "other host: http://shop.example/a.css"),
        ('<link rel="shortcut icon" href="http://shop.example/a.ico">', "other host: http://shop.example/a.ico"),
        ("<style>@import 'https://shop.example/a.css'</style>", "other host: https://shop.example/a.css"),
        ('<p style="background: url(//shop.example/a.png)">x</p>', "other host: //shop.example/a.png"),
        ('<svg><use href="https://shop.example/a.svg"/></svg>', "other host: https://shop.example/a.svg"),
        ('<object data="https://shop.example/a.pdf"></object>', "other host: https://shop.example/a.pdf"),
    ],
)
def test_a_fault_of_a_page_is_found(tmp_path, html, fault):
    written(tmp_path / "a.html", html)
    written(tmp_path / "b.html", '<p id="there">x</p>')
    assert site_faults(tmp_path) == [f"a.html: {fault}"]


def test_a_style_sheet_with_a_font_of_another_host_is_found(tmp_path):
    written(tmp_path / "a.css", '@font-face { src: url("https://shop.example/a.woff2") }')
    assert site_faults(tmp_path) == ["a.css: other host: https://shop.example/a.woff2"]


def test_links_that_lead_somewhere_are_no_fault(tmp_path):
    links = (
        "b.html#there",
        "b.html?q=1#there",
        "#own",
        "https://shop.example",
        "mailto:a@shop.example",
        "c%20d.txt",
        "",
    )
    text = "".join(f'<a href="{link}">x</a>' for link in links)
    written(tmp_path / "a.html", f'<i id="own"></i>{text}<script>fetch("<a href=gone>")</script><img src="data:,">')
    written(tmp_path / "b.html", '<p id="there">x</p>')
    written(tmp_path / "c d.txt", "x")
    assert site_faults(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "led"),
    [
        ("[r](rfm.md#marks)", "[r](more/rfm.md#marks)"),
        ("[cards](../datasets/cards)", "[cards](data/index.md)"),
        ("[folder](../datasets)", "folder"),
        ("[file](../datasets/a.csv)", "{download}`file <files/datasets/a.csv>`"),
        ("![dot](first_en.png)", "![dot](files/docs/first_en.png)"),
        ("[far](https://shop.example/a.md)", "[far](https://shop.example/a.md)"),
        ("`[code](gone.md)`", "`[code](gone.md)`"),
        ("[中文](student.zh.md)\n\nText", "Text"),
    ],
)
def test_links_of_the_repository_lead_to_pages(tmp_path, text, led):
    root = small_course(tmp_path / "course")
    source = tmp_path / "source"
    found = relinked(text, root / "docs" / "student.en.md", root, "student.md", page_of(root, "en"), source)
    assert found == led
    for file in re.findall(r"files/[\w/.]+", found):
        assert (source / file).is_file()


@pytest.mark.parametrize("link", ["gone.md", "../../secret.txt"])
def test_a_link_out_of_the_repository_or_to_nothing_stops_the_site(tmp_path, link):
    root = small_course(tmp_path / "course")
    written(tmp_path / "secret.txt", "x")
    with pytest.raises(CrmlabError, match=re.escape(link)):
        relinked(f"[x]({link})", root / "docs" / "rfm.md", root, "more/rfm.md", page_of(root, "en"), tmp_path / "out")


def test_every_page_lesson_and_card_of_the_repository_is_on_the_site(tmp_path):
    """Both trees have the same pages, and no page of docs is left out."""
    lessons = read_lessons(ROOT / "notebooks" / "source")
    trees = {}
    for lang in LANGUAGES:
        write_sources(ROOT, tmp_path / lang, lessons, lang)
        made = (path.relative_to(tmp_path / lang) for path in (tmp_path / lang).rglob("*") if path.is_file())
        trees[lang] = {path.as_posix() for path in made if path.parts[0] != "files"}
    assert trees["zh"] == trees["en"]
    guides = {path.name.split(".")[0] for path in (ROOT / "docs").glob("*.zh.md")}
    deep = {path.stem for path in (ROOT / "docs").glob("*.md") if "." not in path.stem}
    assert {f"{name}.md" for name in guides} | {f"more/{name}.md" for name in deep} <= trees["zh"]
    assert {f"lessons/{lesson.stem}.ipynb" for lesson in lessons} <= trees["zh"]
    assert {f"data/{path.name}" for path in (ROOT / "datasets" / "cards").glob("*.md")} <= trees["zh"]
    menu = (tmp_path / "zh" / "index.md").read_text(encoding="utf-8")
    assert all(
        f"\n{name.removesuffix('.md')}\n" in menu for name in trees["zh"] if name.startswith("more/") or name in guides
    )


@pytest.mark.parametrize("path", sorted((ROOT / "datasets" / "cards").glob("*.md")), ids=lambda path: path.stem)
def test_each_half_of_a_card_is_in_its_language(path):
    text = path.read_text(encoding="utf-8")
    chinese, english = half(text, "zh"), half(text, "en")
    assert "中文\n" not in chinese + english
    assert "<!--" not in chinese + english
    assert "## English" not in chinese
    stops = re.compile("[。，；：]")  # in a sentence; a column may have a name in Chinese in both
    prose = [line for line in english.splitlines() if not line.startswith(("|", "-"))]
    assert len(stops.findall(chinese)) > 3
    assert not stops.search("\n".join(prose))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("客户分组", ["客", "户", "分", "组", "客户", "户分", "分组"]),
        ("RFM 和 as_of", ["RFM", "和", "as_of"]),
        ("（门槛）", ["门", "槛", "门槛"]),
        ("", []),
    ],
)
def test_terms(text, found):
    assert terms(text) == found


@pytest.mark.parametrize(
    ("docstring", "rst"),
    [
        ("a : int\n    Whole.\nb, c : what\n    follows", "``a``\n    int. Whole.\n``b``, ``c``\n    what follows\n"),
        ("Notes\n-----\na, b\n    Both.", "**Notes**\n\n``a``, ``b``\n    Both.\n"),
        ("- one\n  more\n- two", "- one more\n- two\n"),
        ("    f(x) = *y*", "::\n\n        f(x) = *y*\n"),
        (">>> 1 | 2\n3", ">>> 1 | 2\n3\n"),
        ("x_ and a|b and `c|d`s", "x\\_ and a\\|b and ``c|d``\\ s\n"),
    ],
)
def test_docstrings_of_the_house_as_rst(docstring, rst):
    assert as_rst(docstring) == rst


@pytest.mark.parametrize("room", rooms(Path(crmlab.__file__).parent))
def test_docstrings_of_the_reference_can_be_read(room):
    """No docstring that the reference shows leaves a warning of docutils."""
    core = pytest.importorskip("docutils.core", reason="docutils is not installed: `make site` installs it")
    module = importlib.import_module(room)
    offered = [getattr(module, name) for name in module.__all__]
    members = [member for one in offered if inspect.isclass(one) for member in vars(one).values()]
    texts = {inspect.getdoc(one) for one in (module, *offered, *members) if callable(one) or one is module}
    faults = []
    for text in filter(None, texts):
        said = StringIO()
        core.publish_doctree(as_rst(text), settings_overrides={"report_level": 2, "warning_stream": said})
        faults += [f"{text.splitlines()[0]}: {line}" for line in said.getvalue().splitlines() if line]
    assert not faults, "\n".join(faults)
