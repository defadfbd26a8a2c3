"""The similarity list: copies are found whatever their names, independent work and short answers are not."""

import re
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import numpy as np
import pytest
from graded_class import EVIL_HTML, marks, record
from harmless_pages import demand_harmless

from crmlab.grade import similarity
from crmlab.grade.records import Mark
from crmlab.grade.similarity import similar, similarity_page
from crmlab.words import LANGUAGES

ROOT = Path(__file__).parents[1]
LESSON = [nbformat.read(ROOT / "exercises" / "zh" / "02_segment.ipynb", 4),
          nbformat.read(ROOT / "notebooks" / "zh" / "02_segment.ipynb", 4)]  # fmt: skip

ANNA = """
spent = orders.groupby("customer_id")["amount"].sum()
last = orders.groupby("customer_id")["order_date"].max()
count = orders.groupby("customer_id")["order_id"].nunique()
# how long ago
days = (pd.Timestamp(as_of) - last).dt.days
table = pd.DataFrame({"r": days, "f": count, "m": spent})
for column in ["r", "f", "m"]:
    table[column + "_mark"] = np.where(table[column] >= table[column].mean(), "up", "down")
table["type"] = table["r_mark"] + table["f_mark"] + table["m_mark"]
sizes = table["type"].value_counts().sort_index()
answer("q1", sizes.tolist())
lost = table[(table["r"] > 90) & (table["f"] < 3)]
answer("q2", len(lost))
best = table.sort_values("m", ascending=False).head(10)
answer("q3", best["m"].sum() / table["m"].sum())
"""
BORIS = '''
import duckdb
sql = """select customer_id, sum(amount) m, count(distinct order_id) f, max(order_date) l from orders group by 1"""
people = duckdb.sql(sql).df()
people = people.assign(r=lambda d: (pd.to_datetime(as_of) - d.l).dt.days)

def up(values):
    return values.ge(values.mean())

people["key"] = up(people.r).astype(int) * 4 + up(people.f).astype(int) * 2 + up(people.m).astype(int)
answer("q1", [int((people.key == number).sum()) for number in range(8)])
answer("q2", people.query("r > 90 and f < 3").shape[0])
top = people.nlargest(10, "m").m
answer("q3", top.sum() / people.m.sum())
'''
CHEN = '''
result = type_customers(orders, as_of=as_of, window=None, **shop.columns)
frame = result.customers
groups = frame.groupby(["r_mark", "f_mark", "m_mark"], observed=False).size()
answer("q1", list(groups.to_numpy()))
quiet = 0
for _, one in frame.iterrows():
    if one.recency_days > 90 and one.frequency < 3:
        quiet += 1
answer("q2", quiet)
money = sorted(frame.monetary, reverse=True)
answer("q3", sum(money[:10]) / sum(money))
'''  # fmt: skip


def book(*code: str):
    return v4.new_notebook(cells=[v4.new_code_cell(one) for one in code])


def renamed(code: str) -> str:
    """The same code by somebody who hides it: other names, numbers, texts, comments, blanks."""
    for name in ("spent", "last", "count", "days", "table", "column", "sizes", "lost", "best"):
        code = re.sub(rf"(?<![\w.\"]){name}(?![\w\"])", f"my_{name}_x", code)
    return (
        code.replace("# how long ago", "# 天数\n\n").replace("90", "91").replace('"up"', "'high'").replace(" = ", "=  ")
    )


def listed(**notebooks):
    found = similar({student: book(code) for student, code in notebooks.items()}, LESSON, [])
    return {(pair.first, pair.second): pair for pair in found.pairs}


def test_a_copy_with_other_names_is_found_and_independent_work_is_not():
    found = listed(anna=ANNA, boris=BORIS, chen=CHEN, dora=renamed(ANNA))
    assert set(found) == {("anna", "dora")}
    pair = found["anna", "dora"]
    assert pair.share > 0.9
    assert pair.tokens > 150
    assert "groupby" in pair.passages[0][0]
    assert "my_spent_x" in pair.passages[0][1]


def test_cells_in_another_order_and_added_lines_are_still_found():
    half = ANNA.index("sizes =")
    moved = renamed("print(1)\n" + ANNA[half:] + "\nx = [1, 2, 3]\n" + ANNA[:half])
    assert ("anna", "ed") in listed(anna=ANNA, ed=moved)


def test_code_of_the_lesson_is_no_evidence():
    code = [cell.source for cell in LESSON[1].cells if cell.cell_type == "code"]
    books = {"a": book(*code, ANNA), "b": book(*code, BORIS)}
    assert similar(books, LESSON, []).pairs == ()
    assert similar(books, [], []).pairs != ()


def test_what_many_write_is_no_evidence():
    many = {f"s{number}": book(ANNA + f"\nprint(orders.shape[{number}])") for number in range(9)}
    few = dict(list(many.items())[:3])
    assert similar(many, LESSON, []).pairs == ()
    assert len(similar(few, LESSON, []).pairs) == 3


def test_short_answers_alone_are_never_evidence():
    short = ['answer("q1", 3)', 'answer("q2", [1, 2, 3])', 'answer("q3", frame["m"].mean())', 'answer("q4", "text")']
    wrong = [record(student, marks(0, 0, 0, 0, shown="1234567")) for student in ("a", "b")]
    found = similar({"a": book(*short), "b": book(*short)}, LESSON, wrong)
    assert (found.pairs, found.compared, found.short) == ((), 0, 2)
    many = [f'answer("q{number}", frame[frame.m > {number}].groupby("x").size().loc["y"])' for number in range(12)]
    found = similar({"a": book(*many), "b": book(*many)}, LESSON, wrong)
    assert (found.pairs, found.compared) == ((), 2)
    assert len(similar({"a": book("\n".join(many)), "b": book("\n".join(many))}, LESSON, wrong).pairs) == 1


def test_rare_wrong_values_stand_beside_the_code_and_common_ones_do_not():
    def gave(student, *values):
        given = [Mark(f"q{number}", 2, 0, "wrong", value) for number, value in enumerate(values, start=1)]
        return record(student, tuple(given))

    graded = [
        gave("anna", "17", "5", " "),
        gave("dora", "17", "5", " "),
        gave("x", "3", "5", " "),
        gave("y", "3", "5", ""),
    ]
    books = {"anna": book(ANNA), "dora": book(renamed(ANNA))}
    [pair] = similar(books, LESSON, graded).pairs
    assert pair.same_wrong == ("q1",)


def test_our_own_cells_do_not_count():
    ours = v4.new_code_cell(ANNA, metadata={"tags": ["setup"]})
    assert similar({"a": v4.new_notebook(cells=[ours]), "b": v4.new_notebook(cells=[ours])}, LESSON, []).short == 2


@pytest.mark.parametrize(
    "broken", ["x = (", "def f(:\n  1\n 2", "'''never closed", "\x00", "%matplotlib inline\n!ls", "\\", "  x\n y"]
)
def test_a_faulty_cell_hides_nothing_of_the_others(broken):
    found = similar({"a": book(ANNA), "b": book(broken, renamed(ANNA), broken)}, LESSON, [])
    assert [(pair.first, pair.second) for pair in found.pairs] == [("a", "b")]


@pytest.mark.parametrize("faulty", ["  x\n y", "\x00", "if x:\n    y\n  z"])
def test_a_faulty_line_hides_nothing_below_it(faulty):
    assert ("a", "b") in listed(a=ANNA, b=faulty + "\n" + renamed(ANNA))


def test_renamed_functions_and_arguments_are_found():
    other = (
        BORIS.replace("up(values)", "high(s)").replace("values.", "s.").replace("up(", "high(").replace("d: (", "x: (")
    )
    [pair] = listed(a=BORIS, b=other.replace("- d.l", "- x.l").replace("number", "n")).values()
    assert pair.share > 0.9


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_shows_both_passages_and_calls_itself_a_place_to_look(lang):
    code = ANNA + f"\nnote = {EVIL_HTML!r}\nmore = note.strip().upper().split(note)[len(note)].join(note.lower())"
    found = similar({"a<script>": book(code), "b": book(renamed(code))}, LESSON, [])
    text = similarity_page(found, lang, title="02")
    read = demand_harmless(text)
    assert "my_spent_x" in read.text
    assert {"zh": "不是结论", "en": "not a verdict"}[lang] in read.text
    demand_harmless(similarity_page(similar({}, LESSON, []), lang, title="02"))


def made_code(draw, length: int) -> str:
    """Code of nobody's: chains of calls at random."""
    calls = re.findall(r"\w+", "sum mean max min median std count nunique first last size cumsum rank diff shift abs")
    columns = ["amount", "order_date", "customer_id", "order_id", "state", "refund", "category", "product"]

    def step(call: str) -> str:
        return f".{call}()" if draw.integers(2) else f"[{draw.choice(columns)}.{call}]"

    chains = [f"orders.{draw.choice(columns)}" + "".join(map(step, draw.choice(calls, 6))) for _ in range(length)]
    return "\n".join(f"v{draw.integers(99)} = {chain}" for chain in chains)


def test_a_small_part_in_common_is_not_listed():
    draw = np.random.default_rng(7)
    small = "\n".join(ANNA.splitlines()[:5])
    one, other = (made_code(draw, 20) for _ in range(2))
    assert listed(a=small + "\n" + one, b=small + "\n" + other) == {}
    assert len(listed(a=ANNA + "\n" + one, b=ANNA + "\n" + other)) == 1


def test_of_160_submissions_few_pairs_are_compared_passage_by_passage(monkeypatch):
    draw = np.random.default_rng(618)
    books = {f"s{number:03}": book(made_code(draw, 30)) for number in range(159)}
    books["copy"] = book(renamed(books["s007"].cells[0].source))
    compared, passages = [], similarity._passages
    monkeypatch.setattr(similarity, "_passages", lambda *pair: compared.append(pair) or passages(*pair))
    found = similar(books, LESSON, [])
    assert [{pair.first, pair.second} for pair in found.pairs] == [{"s007", "copy"}]
    assert found.compared == 160
    assert len(compared) < 500, "of 12,720 pairs, 8,151 of which have a fingerprint in common"
