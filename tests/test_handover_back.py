"""What was handed over to a CRM comes back through the readers without loss."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmlab.course.settings import check_settings
from crmlab.data import open_data
from crmlab.handover import field_map, write_crm
from crmlab.handover.cells import texts
from crmlab.handover.maps import CRMS, DERIVED
from crmlab.intake import read_file

ON = date(2026, 6, 17)
SHOP = open_data(check_settings(data="teaching"))
READ = """zh = "自己的"
en = "own"
recognise = ["No"]
[[tables]]
table = "customers"
[tables.columns]
customer_id = "No"
name = "Name"
wechat = "Wish"
"""
WRITE = """table = "customers"
key = "customer_id"
lang = "zh"
[columns]
No = "customer_id"
Name = "name"
Wish = "wechat"
"""
PLAIN = st.characters(codec="utf-8", exclude_categories=["Cc", "Co", "Cn"])
NASTY = st.text(st.one_of(st.sampled_from("=+-@＝＋－＠'\",;|\n 01a罗"), PLAIN), max_size=6).map(str.strip)


def consents_of(ids):
    frame = pd.DataFrame({"customer_id": list(ids), "purpose": "marketing", "given_on": pd.Timestamp("2026-01-01")})
    return frame.assign(withdrawn_on=pd.NaT)


def as_texts(frame, fields):
    return pd.DataFrame({name: texts(frame[name], fields.kind(name)) for name in frame})


@pytest.mark.parametrize("crm", CRMS)
@pytest.mark.parametrize("ending", ["csv", "gb18030.csv", "xlsx"])
def test_everything_written_is_read_back_but_what_the_writer_worked_out(tmp_path, crm, ending):
    fields = field_map(crm)
    path = tmp_path / f"{crm}.{ending}"
    encoding = "gb18030" if "gb18030" in ending else "utf-8-sig"
    frame = SHOP.read_personal(fields.table).head(200)
    sent = frame.assign(name=frame.get("name", pd.Series("罗示松", frame.index)), order_amount=12.5)
    ledger = SHOP.read_personal("consents")
    written = write_crm(sent, crm, path, purpose="marketing", consents=ledger, on=ON, encoding=encoding)
    assert 50 < written.written < 200
    read = read_file(path)
    assert (read.format, read.rows) == (crm, written.written)
    assert read.encoding == ("xlsx" if ending == "xlsx" else encoding)
    assert read.listed.empty
    kept = ~(frame.index + 2).isin([*written.refused["row"], *written.listed["row"]])
    back = read.tables[fields.table][list(frame.columns)]
    expected = as_texts(frame[kept], fields).reset_index(drop=True)
    pd.testing.assert_frame_equal(back, expected, check_dtype=False)
    worked_out = [heading for heading, name in fields.columns.items() if name in DERIVED]
    assert read.unknown_columns == worked_out


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    (folder / "read.toml").write_text(READ, encoding="utf-8")
    (folder / "write.toml").write_text(WRITE, encoding="utf-8")
    return folder


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=5), st.sampled_from(["csv", "gb18030", "xlsx"]))
def test_nasty_texts_come_back_as_they_were(maps, rows, way):
    path = maps / f"out.{'xlsx' if way == 'xlsx' else 'csv'}"
    frame = pd.DataFrame(rows, columns=["name", "wechat"], dtype="str").assign(
        customer_id=[f"C{number}" for number in range(len(rows))]
    )
    encoding = "gb18030" if way == "gb18030" else "utf-8-sig"
    ledger = consents_of(frame["customer_id"])
    written = write_crm(
        frame, maps / "write.toml", path, purpose="marketing", consents=ledger, on=ON, encoding=encoding
    )
    assert written.written == len(rows)
    read = read_file(path, format=str(maps / "read.toml"))
    assert read.listed.empty, read.listed.to_string()
    back = read.tables["customers"][["name", "wechat"]].fillna("")
    assert list(back.itertuples(index=False, name=None)) == rows
