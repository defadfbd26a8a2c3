"""Pictures in Chinese without a missing glyph, tables in words, files that a spreadsheet reads."""

import re

import matplotlib
import pandas as pd
import pytest
import seaborn as sns

from crmlab import show
from crmlab.collect import coverage
from crmlab.tables import TABLES
from crmlab.words import _table, has_word, word


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("chart", ["types", "distributions", "recency_frequency"])
def test_pictures_draw_every_glyph_and_say_what_they_show(result, chart, lang):
    show.theme()
    picture = getattr(show, chart)(result, lang)
    png = picture.png()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 10_000
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == data["text/plain"] == picture.alt
    assert len(picture.alt) > 10


def test_coverage_is_drawn_with_words(shop):
    show.theme()
    assert show.coverage(coverage(shop.read_personal("customers"), ("sex", "phone")), "zh").png()


def test_a_glyph_that_the_font_lacks_is_an_error():
    show.theme()
    frame = pd.DataFrame({"name": ["\U00020bb7"], "count": [1]})
    with pytest.raises(UserWarning, match="Glyph"):
        show.shares(frame, "name", "count", "zh", title="x").png()


def test_the_theme_comes_back_after_seaborn_undid_it():
    show.theme()
    sns.set_theme()
    assert matplotlib.rcParams["font.family"] != ["Noto Sans SC", "DejaVu Sans"]
    show.theme()
    assert matplotlib.rcParams["font.family"] == ["Noto Sans SC", "DejaVu Sans"]


def test_the_font_has_every_character_of_the_words():
    from importlib.resources import files

    from fontTools.ttLib import TTFont

    with (files("crmlab") / "fonts" / "noto_sans_sc_gb2312.ttf").open("rb") as font:
        known = set(TTFont(font).getBestCmap())
    used = {character for row in _table().values() for character in row["zh"]} - {"\n"}
    assert {character for character in used if ord(character) not in known} == set()


def test_tables_show_words_money_and_shares():
    frame = pd.DataFrame({"category": ["coffee"], "monetary": [123456], "customer_share": [0.256], "customers": [1234]})
    text = repr(show.table(frame, "zh"))
    for shown in ("品类", "咖啡", "¥1,234.56", "25.6%", "1,234"):
        assert shown in text
    html = show.table(frame, "en", currency="USD")._repr_html_()
    for shown in ("coffee", "$1,234.56", "text-align: right"):
        assert shown in html


def test_tables_are_the_same_each_time_and_say_what_they_hide():
    table = show.table(pd.DataFrame({"customers": range(30)}), "en", rows=3)
    assert table._repr_html_() == table._repr_html_()
    assert "27 more rows" in repr(table)
    assert "0x" not in repr(table) + table._repr_html_()


def test_negative_numbers_on_a_page_have_a_minus_that_no_line_ends_with():
    frame = pd.DataFrame({"monetary": [-5], "gain_share": [-0.028], "day": ["2026-06-17"]})
    html = show.table(frame, "zh")._repr_html_()
    assert "\u2212\u2060¥0.05" in html
    assert "\u2212\u20602.8%" in html
    assert "2026-06-17" in html
    assert show.text("-CN¥3 of Gamma-Gamma")._repr_html_() == "<p>\u2212\u2060CN¥3 of Gamma-Gamma</p>"


def test_html_in_a_cell_stays_text():
    assert "<script>" not in show.table(pd.DataFrame({"name": ["<script>"]}), "en")._repr_html_()


def test_saved_tables_open_in_a_spreadsheet(tmp_path, result):
    show.save(result.table, str(tmp_path), "types.csv", "zh")
    assert (tmp_path / "types.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(tmp_path / "types.csv", encoding="utf-8-sig")
    assert "M 净消费" in back.columns
    assert (back["M 净消费"] * 100).round().astype(int).tolist() == result.table["monetary"].tolist()
    show.save(result.table, "", "none.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["types.csv"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_picture_of_nothing_says_so(lang):
    show.theme()
    none = pd.DataFrame({"need": [], "customers": []})
    counts = pd.DataFrame(0, index=["a", "b"], columns=["c"])
    for picture in (
        show.shares(none, "need", "customers", lang, title="T"),
        show.heat(none, lang, title="T", rows="source", columns="field"),
        show.heat(counts, lang, title="T", rows="source", columns="field"),
        show.coverage(coverage(pd.DataFrame({"source": [], "sex": []}), ("sex",)), lang),
        show.missing_pattern(none, lang),
    ):
        assert word("chart.nothing", lang) in [text.get_text() for text in picture.figure.axes[0].texts]
        assert picture.alt.endswith(word("chart.nothing_alt", lang, title=""))
        assert picture.png()


def test_a_share_of_nothing_known_is_still_drawn():
    show.theme()
    unknown = pd.DataFrame({"source": ["phone"] * 5, "sex": [None] * 5})
    assert "0%" in show.coverage(coverage(unknown, ("sex",)), "en").alt


def test_a_table_without_rows_has_its_headings_and_says_so():
    table = show.table(pd.DataFrame({"customers": [], "category": []}), "zh")
    assert repr(table) == "客户数  品类\n没有行。"
    assert table._repr_html_().endswith("<p>没有行。</p>")


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_the_house_has_its_words(table):
    assert [column.name for column in TABLES[table].columns if not has_word(f"column.{column.name}")] == []
    assert has_word(f"table.{table}")


def test_a_column_has_the_same_decimals_in_each_row_and_its_heading_stands_above_the_numbers():
    frame = pd.DataFrame({"category": ["tea", "coffee", None], "f1": [1.0, 0.97, None]})
    assert show.table(frame, "en").shown().iloc[:, 1].tolist() == ["1.00", "0.97", ""]
    unlike = frame.assign(unit=["day", "order", ""])
    assert show.table(unlike, "en").shown().iloc[:, 1].tolist() == ["1", "0.97", ""]
    html = show.table(frame, "en")._repr_html_()
    aligned = re.findall(r'<(t[hd]) style="text-align: (\w+)', html)
    assert aligned == [("th", "left"), ("th", "right")] + 3 * [("td", "left"), ("td", "right")]
    assert "<style" not in html
