"""Lesson parameters: what is accepted, what is refused, and that all faults are told at once."""

import os
from datetime import date

import pytest

from crmlab.course.settings import PARAMETERS, Settings, check_settings
from crmlab.errors import ParameterError

GOOD = {
    "lang": "zh",
    "data": "teaching",
    "orders": "",
    "customer": "customer_id",
    "order": "order_id",
    "date": "order_date",
    "amount": "amount",
    "state": "",
    "refund": "",
    "category": "",
    "order_scope": "customer",
    "product": "",
    "as_of": "2026-06-17",
    "window": 0,
    "split": "quantile",
    "currency": "CNY",
    "groups": 0,
    "seed": 0,
    "refunds": "net",
    "policy": "self_service",
    "personalised": False,
    "tables": "",
}
BAD = [
    ("lang", "de"),
    ("lang", None),
    ("data", "no/such/folder"),
    ("data", ""),
    ("data", "no/such.duckdb"),
    ("data", "postgres://anna:secret@localhost/shop"),
    ("orders", "no_such.parquet"),
    ("customer", " "),
    ("customer", 1),
    ("as_of", "17.06.2026"),
    ("as_of", "20260617"),
    ("as_of", "2026-02-30"),
    ("as_of", date(2026, 6, 17)),
    ("window", -1),
    ("window", "365"),
    ("window", True),
    ("window", 365.0),
    ("groups", 1),
    ("groups", 11),
    ("order_scope", "shop"),
    ("seed", 2**32),
    ("split", "Mean"),
    ("currency", "cny"),
    ("currency", "ABC"),
    ("groups", 1),
    ("groups", 11),
    ("seed", -1),
    ("refunds", ""),
    ("policy", "drop"),
    ("personalised", "False"),
    ("personalised", 0),
    ("colour", "red"),
]


def test_every_known_parameter_has_a_good_value():
    assert vars(check_settings(**GOOD)) == GOOD
    assert set(GOOD) == set(PARAMETERS)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_by_name(name, value):
    with pytest.raises(ParameterError) as caught:
        check_settings(**GOOD | {name: value})
    for lang in ("zh", "en"):
        assert name in caught.value.message(lang).splitlines()[1]
    assert len(caught.value.problems) == 1


def test_all_problems_are_told_at_once_in_both_languages():
    with pytest.raises(ParameterError) as caught:
        check_settings(window="90", split="median", groups=99, nonsense=1)
    assert [values["name"] for _, values in caught.value.problems] == ["window", "groups", "nonsense"]
    assert "整数" in str(caught.value)
    assert "whole number" in str(caught.value)


def test_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("my.parquet", "my.csv", "MY.CSV.GZ"):
        (tmp_path / name).touch()
        assert check_settings(orders=name).orders == str(tmp_path / name)
    (tmp_path / "mine").mkdir()
    settings = check_settings(data="mine", tables="new/tables")
    assert settings.data == str(tmp_path / "mine")
    assert settings.tables == str(tmp_path / "new" / "tables")
    assert all(os.path.isabs(path) for path in vars(settings).values())


def test_orders_need_a_known_ending_and_a_reference_date(tmp_path):
    table = tmp_path / "my.xlsx"
    table.touch()
    with pytest.raises(ParameterError, match="must end in"):
        check_settings(orders=str(table))
    table = tmp_path / "my.csv"
    table.touch()
    with pytest.raises(ParameterError, match="reference date"):
        check_settings(orders=str(table), as_of="")
    assert check_settings(orders=str(table), as_of="2026-06-17").as_of == "2026-06-17"


def test_settings_cannot_be_changed():
    settings = check_settings(window=365)
    assert isinstance(settings, Settings)
    with pytest.raises(AttributeError):
        settings.window = 1
    with pytest.raises(AttributeError):
        del settings.window
    assert settings.window == 365


def test_journey_is_refused_when_it_is_not_installed(monkeypatch):
    monkeypatch.setattr("crmlab.course.settings.find_spec", lambda name: None)
    with pytest.raises(ParameterError, match="not installed"):
        check_settings(data="journey")


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(ParameterError) as caught:
        check_settings(data="postgres://anna:secret@localhost/shop")
    assert "PGPASSWORD" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_customer_base_and_a_server_are_data_too(tmp_path):
    (tmp_path / "shop.duckdb").write_bytes(b"")
    assert check_settings(data=str(tmp_path / "shop.duckdb")).data == str(tmp_path / "shop.duckdb")
    assert check_settings(data="postgresql://anna@localhost/shop").data == "postgresql://anna@localhost/shop"
