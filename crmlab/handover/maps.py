"""Field maps: which column of the house stands under which heading in the file of a CRM, and what the CRM takes."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from crmlab.errors import DataError
from crmlab.tables import TABLES, Column
from crmlab.tables.codes import CODES
from crmlab.words import LANGUAGES, word

CRMS = ("zoho_contacts", "zoho_deals", "fxiaoke_accounts", "fxiaoke_orders")
"""The maps that come with the house."""
SETTINGS = {"table", "key", "lang", "required", "forbidden", "columns", "codes"}
DERIVED = {"order_amount": "money", "no_marketing": "code"}
"""Columns that the writer works out itself, and their kinds."""


@dataclass(frozen=True)
class FieldMap:
    """The field map of one CRM object.

    `columns` gives the column of the house under each heading, `key` the column that names a row, `lang` the language
    of the words that codes become, `codes` other words for the codes under a heading, `required` the headings that may
    not be blank, `forbidden` the signs that the CRM does not take.
    """

    name: str
    table: str
    key: str
    lang: str
    columns: Mapping[str, str]
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        """What the house says of one of its columns; None for a column of one's own."""
        return next((column for column in TABLES[self.table].columns if column.name == name), None)

    def kind(self, name: str) -> str:
        """What a column holds: a kind of `crmlab.tables`; a column that nobody describes holds text."""
        column = self.column(name)
        return column.kind if column else DERIVED.get(name, "text")

    def words(self, heading: str) -> dict[str, str]:
        """The word for each code that may stand under a heading; empty where no codes stand.

        >>> field_map("zoho_deals").words("Stage")["cancelled"]
        'Closed Lost'
        >>> field_map("fxiaoke_orders").words("field_state__c")["paid"]
        '已付款'
        """
        if heading in self.codes:
            return dict(self.codes[heading])
        column = self.column(self.columns[heading])
        if column is None or not column.codes:
            return {}
        return {code: word(f"world.{column.codes}.{code}", self.lang) for code in CODES[column.codes]}


def field_map(crm: str | Path) -> FieldMap:
    """The map of that name, or the one in a .toml file of one's own.

    Raises DataError for a name that is not known and for a file that is no such map: it says what is wrong.
    """
    if str(crm).endswith(".toml"):
        path = Path(crm)
        if not path.is_file():
            raise DataError("no_file", path=path)
        return _read(path.stem, path.name, path.read_text(encoding="utf-8"))
    if crm not in CRMS:
        raise DataError("handover_no_map", crm=crm, known=", ".join(CRMS))
    return _read(str(crm), f"{crm}.toml", files("crmlab.handover").joinpath("maps", f"{crm}.toml").read_text("utf-8"))


def _read(name: str, file: str, text: str) -> FieldMap:
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError("handover_map", file=file, problem=str(error)) from None
    problem = _problem(told)
    if problem:
        raise DataError("handover_map", file=file, problem=problem)
    lists = {one: tuple(told.get(one, ())) for one in ("required", "forbidden")}
    return FieldMap(
        name, told["table"], told["key"], told["lang"], told["columns"], codes=told.get("codes", {}), **lists
    )


def _problem(told: dict) -> str:
    """What is wrong with a map, as the piece of TOML that it is about; empty for nothing."""
    missing = {"table", "key", "lang", "columns"} - set(told)
    if missing or set(told) - SETTINGS:
        return ", ".join(sorted(missing or set(told) - SETTINGS))
    if told["table"] not in TABLES:
        return f"table = {told['table']!r}"
    if told["lang"] not in LANGUAGES:
        return f"lang = {told['lang']!r}"
    if not told["columns"] or told["key"] not in told["columns"].values():
        return f"key = {told['key']!r}"
    unknown = {*told.get("required", ()), *told.get("codes", {})} - set(told["columns"])
    return ", ".join(sorted(unknown))
