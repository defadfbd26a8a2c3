"""A form asks for declared fields only, and nobody has to tell their sex."""

import pytest

from crmlab.collect.fields import ALLOWED, check_form
from crmlab.errors import DataError
from crmlab.tables import TABLES


def test_the_declared_fields_of_the_lesson_are_allowed():
    fields = ["name", "sex", "age_range", "job", "phone", "email", "wechat", "city"]
    form = check_form(fields, required=["name", "phone"])
    assert form["field"].tolist() == fields
    assert form.loc[form["required"], "field"].tolist() == ["name", "phone"]
    assert form.loc[form["personal"], "field"].tolist() == ["name", "phone", "email", "wechat"]


def test_a_form_that_asks_for_more_is_refused_and_the_fields_are_named():
    with pytest.raises(DataError) as caught:
        check_form(["phone", "identity_number", "bank_card"])
    for lang in ("zh", "en"):
        assert "identity_number, bank_card" in caught.value.message(lang)
        assert ", ".join(ALLOWED) in caught.value.message(lang)


def test_every_field_outside_the_list_is_refused():
    elsewhere = {column.name for table in TABLES.values() for column in table.columns} - set(ALLOWED)
    for name in elsewhere:
        with pytest.raises(DataError):
            check_form([name])


def test_sex_may_be_asked_for_but_never_required():
    assert not check_form(["sex"])["required"].any()
    with pytest.raises(DataError) as caught:
        check_form(["sex", "phone"], required=["phone", "sex"])
    assert caught.value.key == "form_forced"
    assert not next(column for column in TABLES["customers"].columns if column.name == "sex").required


def test_what_is_not_asked_for_cannot_be_required():
    with pytest.raises(DataError) as caught:
        check_form(["phone"], required=["email"])
    assert caught.value.key == "form_unasked"
