"""The data of a lesson: the teaching world, real orders from completejourney, or files of your own.

Whatever it is, the lessons meet the same tables and columns. A table that a source does not have comes back empty, and
`has` says so.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.collect.pseudonym import Key
from crmlab.errors import DataError, ParameterError
from crmlab.kinds import all_kinds, empty, typed
from crmlab.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.cases import Case
    from crmlab.collect.consent import Consented

PERSONAL = tuple(column.name for table in TABLES.values() for column in table.columns if column.personal)
"""Columns that no notebook sees."""
HOUSE_COLUMNS = {
    "customer": "customer_id", "order": "order_id", "date": "order_date", "amount": "amount",
    "state": "state", "refund": "refund", "refund_date": "refund_date",
}  # fmt: skip
GOODS_COLUMNS = {"category": "category", "product": "product_id", "discount": "discount", "quantity": "quantity"}
OWN_COLUMNS = ("customer", "order", "date", "amount", "state", "refund", "category", "product")
"""The columns of one's own file that a lesson can be told."""
ENDINGS = (".parquet", ".csv")
CONTACT = re.compile(r"(\+?86[ -]?)?1[3-9]\d{9}|[^@\s]+@[^@\s]+\.[^@\s]+")
"""A Chinese mobile number, or an e-mail."""
KNOWN = ("teaching", "bank")
"""Folders of the repository's datasets that lessons know by name."""
CARD = "data.toml"
"""What a folder of tables says of itself: name, reference date, currency, public key, and the case of its trade."""
SERVERS = ("postgres://", "postgresql://")


def open_data(settings: Any) -> "Shop":
    """The data that checked settings name (see `crmlab.course.settings.check_settings`).

    Reads from `settings`: data ("teaching", "bank", "journey", a folder, a customer base that ends in .duckdb, or
    postgres://user@host/name), as_of ("" for the data's own reference date), and where `orders` names a file of order
    lines: that file, its columns (customer, order, date, amount, and maybe state, refund, category, product), whether
    its order numbers are unique among all customers or within one (order_scope), and its currency.
    Raises ParameterError when no reference date is known.

    >>> from crmlab.course.settings import check_settings
    >>> shop = open_data(check_settings(data="teaching"))
    >>> shop.as_of, shop.currency, shop.has("survey_answers")
    (datetime.date(2026, 6, 17), 'CNY', True)
    """
    as_of = getattr(settings, "as_of", "")
    if getattr(settings, "orders", ""):
        columns = {name: getattr(settings, name, "") for name in OWN_COLUMNS}
        columns["order_scope"] = getattr(settings, "order_scope", "all")
        path = Path(settings.orders)
        own = OwnFile(path.stem, None, date.fromisoformat(as_of), settings.currency, None, columns, path)
        own.demand_numbers()
        return own
    if settings.data == "journey":
        from crmlab.journey import Journey

        return Journey.open(as_of)
    currency = getattr(settings, "currency", "")
    if settings.data.startswith(SERVERS):
        from crmlab.collect.shops import PostgresShop

        return PostgresShop.open(settings.data, as_of=as_of, currency=currency)
    if settings.data.endswith(".duckdb"):
        from crmlab.collect.shops import BaseShop

        return BaseShop.open(Path(settings.data), as_of=as_of, currency=currency)
    folder = _datasets() / settings.data if settings.data in KNOWN else Path(settings.data)
    card = folder / CARD
    known = tomllib.loads(card.read_text(encoding="utf-8")) if card.exists() else {}
    if "case" in known:
        from crmlab.cases.shop import CaseShop

        return CaseShop.open(folder, known, as_of=as_of, currency=currency)
    return Shop(folder=folder, **facts(folder.name, known, as_of=as_of, currency=currency))


def facts(name: str, known: Mapping[str, str], *, as_of: str, currency: str) -> dict[str, Any]:
    """Name, reference date, currency and key of data, for `Shop`.

    `known` is what the data say of themselves: name, as_of, currency, public_key. The reference date of the lesson
    goes before that of the data. Data without a public key get the key of the person at this computer. Raises
    ParameterError when nobody says the reference date.
    """
    if not as_of and "as_of" not in known:
        raise ParameterError("no_as_of", folder=name)
    return {
        "name": known.get("name", name),
        "as_of": date.fromisoformat(as_of or str(known["as_of"])),
        "currency": known.get("currency") or currency or "CNY",
        "key": Key(known["public_key"].encode()) if "public_key" in known else Key.of_user(),
    }


def _datasets() -> Path:
    folder = Path(__file__).resolve().parents[1] / "datasets"
    if not folder.exists():
        raise ParameterError("no_course")
    return folder


@dataclass(frozen=True)
class Shop:
    """A folder of tables.

    `as_of` is the reference date, `currency` the ISO code of all amounts. With a `key`, customers go by pseudonyms;
    without one their ids are shown as they come, because the publisher has taken the names away already.
    """

    name: str
    folder: Path | None
    as_of: date
    currency: str
    key: Key | None

    @property
    def files(self) -> list[Path]:
        """What a customer base is built from: the folder of tables, or nothing where the data are none."""
        return [self.folder] if self.folder else []

    @property
    def incoming(self) -> list[Path]:
        """Files that the collection channels handed in: the folder `incoming` beside tables that have a data.toml."""
        cards = (folder / CARD for folder in self.files)
        return sorted(file for card in cards if card.exists() for file in (card.parents[1] / "incoming").glob("*.csv"))

    @property
    def case(self) -> "Case":
        """The trade of the data: by what its customers are classified. Where the data do not say, they are a shop's."""
        from crmlab.cases import open_case

        return open_case("retail")

    def has(self, table: str) -> bool:
        """Whether the source has this table."""
        return self._path(table) is not None

    def table(self, name: str) -> "pd.DataFrame":
        """One table with the columns of the house that are not personal, and with pseudonyms for customers.

        It is empty, but has its columns, when the source has no such table.
        """
        return self._under_pseudonyms(self.read_personal(name))

    def read_personal(self, name: str) -> "pd.DataFrame":
        """One table with its personal columns, for functions that count or link and show none of them."""
        return self._read(name)

    def planted(self, name: str) -> "pd.DataFrame":
        """What the generator of made data hid in them, such as "needs" (a file of datasets/truth), with pseudonyms for
        customers where it names them. Raises DataError for data that nobody made, of which nobody knows the truth."""
        import pandas as pd

        path = self.folder.parent / "truth" / f"{name}.csv" if self.folder else None
        if path is None or not path.exists():
            raise DataError("no_truth", name=self.name)
        truth = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
        if "customer_id" not in truth:
            return truth
        return truth.assign(customer_id=self.key.pseudonyms(truth["customer_id"]))

    def overview(self, lang: str = "zh") -> "pd.DataFrame":
        """Every table of the house: table, one_row (what a row is), rows (how many there are; 0 for no such table)."""
        import pandas as pd

        return pd.DataFrame(
            {"table": name, "one_row": table.row[lang], "rows": len(self._read(name))} for name, table in TABLES.items()
        )

    @property
    def orders(self) -> Any:
        """Order lines as `type_customers` takes them. Where there is a consent ledger, only lines of customers who
        agreed to analysis are among them."""
        return self.order_lines_by_consent.kept

    @cached_property
    def order_lines_by_consent(self) -> "Consented":
        """Order lines with their orders and refunds: those of customers who agreed to analysis, and the others."""
        from crmlab.collect.consent import Consented, with_consent

        lines = self._under_pseudonyms(self._joined_lines())
        if not self.has("consents"):
            return Consented(lines, lines.iloc[:0].assign(reason=""))
        return with_consent(lines, self.table("consents"), purpose="analysis", on=self.as_of)

    def _under_pseudonyms(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Columns that the house knows and that are not personal, as own files may have addresses beside them."""
        frame = frame[[column for column in frame.columns if column in self._shown]]
        if self.key is None or "customer_id" not in frame:
            return frame
        return frame.assign(customer_id=self.key.pseudonyms(frame["customer_id"]))

    @property
    def _shown(self) -> set[str]:
        return {*all_kinds(), *HOUSE_COLUMNS.values()}.difference(PERSONAL)

    def _joined_lines(self) -> "pd.DataFrame":
        lines = self._read("order_lines")
        if "customer_id" in lines and not self.has("orders"):
            return lines
        lines = lines.merge(self._read("orders"), on="order_id", how="left", validate="many_to_one")
        refunds = self._read("refunds").groupby(["order_id", "line_no"], as_index=False)
        refunds = refunds.agg(refund=("amount", "sum"), refund_date=("refund_date", "max"))
        products = self._read("products")[["product_id", "category"]]
        lines = lines.merge(refunds, on=["order_id", "line_no"], how="left", validate="one_to_one")
        return lines.merge(products, on="product_id", how="left", validate="many_to_one")

    @property
    def columns(self) -> dict[str, str]:
        """Keywords for `type_customers`: the columns of `orders`, and the zone of times that carry one."""
        there = set(self.orders.columns)
        required = ("customer", "order", "date", "amount")
        return {name: column for name, column in HOUSE_COLUMNS.items() if name in required or column in there}

    @property
    def goods_columns(self) -> dict[str, str]:
        """Keywords for `crmlab.patterns.purchase_lines`: the columns of `orders` that say what was bought."""
        there = set(self.orders.columns)
        return {name: column for name, column in GOODS_COLUMNS.items() if column in there}

    def _path(self, table: str) -> Path | None:
        found = [self.folder / f"{table}{ending}" for ending in ENDINGS]
        return next((path for path in found if path.exists()), None)

    def _read(self, table: str) -> "pd.DataFrame":
        import pandas as pd

        path = self._path(table)
        if path is None:
            return empty(table)
        if path.suffix == ".parquet":
            return typed(table, pd.read_parquet(path))
        return typed(table, pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8"))


@dataclass(frozen=True)
class OwnFile(Shop):
    """One file of order lines, handed to DuckDB as it is, whatever its size."""

    given: dict[str, str]
    path: Path

    def demand_numbers(self) -> None:
        """Raises DataError when customers go by their phone numbers or e-mails, which a notebook would show.

        Looks at the first 100,000 lines.
        """
        from crmlab.files import first_texts

        contacts = sum(bool(CONTACT.fullmatch(text.strip())) for text in first_texts(self.path, self.given["customer"]))
        if contacts:
            raise DataError("contact_as_id", column=self.given["customer"], count=contacts)

    def has(self, table: str) -> bool:
        return table == "order_lines"

    @property
    def orders(self) -> Path:
        return self.path

    @property
    def columns(self) -> dict[str, str]:
        return {name: column for name, column in self.given.items() if column and name not in GOODS_COLUMNS}

    @property
    def goods_columns(self) -> dict[str, str]:
        return {name: column for name, column in self.given.items() if column and name in GOODS_COLUMNS}

    @property
    def order_lines_by_consent(self) -> "Consented":
        from crmlab.collect.consent import Consented

        return Consented(self._read("order_lines"), self._read("order_lines"))

    def _read(self, table: str) -> "pd.DataFrame":
        return empty(table)
