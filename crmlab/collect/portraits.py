"""One customer on one page: who, purchases, service, behaviour, consent. Every number names the rows it rests on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from crmlab.collect.behaviour import ENGAGEMENT
from crmlab.collect.consent import PURPOSES, demand_consent, with_consent
from crmlab.errors import DataError, ParameterError
from crmlab.money import format_money, minor_units_in
from crmlab.rfm.orders import VALID_STATES
from crmlab.tables import TABLES
from crmlab.tables.codes import CODES
from crmlab.words import has_word, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.data import Shop

MOST = 3
"""How many of the most frequent categories or terms are named."""


@dataclass(frozen=True)
class Line:
    """One line of a portrait: its part, the field, what kind of value it is, the value, and the rows of which table it
    rests on."""

    part: str
    field: str
    kind: str
    value: Any
    table: str
    rows: "pd.DataFrame"


@dataclass(frozen=True, repr=False)
class Portrait:
    """The profile of one customer under a pseudonym, without personal data."""

    customer_id: str
    as_of: date
    currency: str
    lang: str
    lines: tuple[Line, ...]

    @property
    def table(self) -> "pd.DataFrame":
        """The page as a frame: part, field, content (all in words), source_table, rows (how many)."""
        import pandas as pd

        shown = [
            (word(f"portrait.{line.part}", self.lang), self._field(line), self._value(line), line.table, len(line.rows))
            for line in self.lines
        ]
        return pd.DataFrame(shown, columns=["part", "field", "content", "source_table", "rows"])

    def evidence(self, field: str) -> "pd.DataFrame":
        """The rows that a field such as "frequency" rests on. Raises ParameterError for a field that is not there."""
        found = {line.field: line.rows for line in self.lines}
        if field not in found:
            raise ParameterError("choice", name="field", value=repr(field), allowed=", ".join(found))
        return found[field].reset_index(drop=True)

    def _title(self) -> str:
        return word("portrait.title", self.lang, customer=self.customer_id, day=self.as_of)

    def _field(self, line: Line) -> str:
        return word(f"world.purpose.{line.field}" if line.part == "consents" else f"portrait.{line.field}", self.lang)

    def _value(self, line: Line) -> str:
        kind, _, codes = line.kind.partition(" ")
        if line.value is None:
            return word("portrait.unknown", self.lang)
        match kind:
            case "code":
                return self._code(codes, line.value)
            case "counts":
                named = (f"{self._code(codes, code)} {count:,}" for code, count in line.value.items())
                return word("portrait.mark", self.lang).join(named)
            case "money":
                return format_money(line.value, self.currency, self.lang)
            case "consent":
                state, day = line.value
                return word(f"portrait.consent.{state}", self.lang, day=day)
            case "text":
                return str(line.value)
            case _:
                return word(f"portrait.kind.{kind}", self.lang, value=line.value)

    def _code(self, codes: str, code: str) -> str:
        key = f"world.{codes}.{code}"
        return word(key, self.lang) if has_word(key) else code

    def _source(self, row: Any) -> str:
        return word("portrait.cited", self.lang, table=word(f"table.{row.source_table}", self.lang), rows=row.rows)

    def _repr_html_(self) -> str:
        parts = []
        for part, rows in self.table.groupby("part", sort=False):
            cells = "".join(
                f'<tr><th scope="row" style="text-align: left">{escape(row.field)}</th>'
                f'<td style="text-align: left">{escape(row.content)}</td>'
                f'<td style="text-align: left"><small>{escape(self._source(row))}'
                "</small></td></tr>"
                for row in rows.itertuples()
            )
            parts.append(f"<h4>{escape(part)}</h4><table><tbody>{cells}</tbody></table>")
        return f"<h3>{escape(self._title())}</h3>{''.join(parts)}"

    def __repr__(self) -> str:
        lines = [self._title()]
        for part, rows in self.table.groupby("part", sort=False):
            lines += ["", part]
            lines += [
                "  " + word("portrait.line", self.lang, field=row.field, content=row.content, source=self._source(row))
                for row in rows.itertuples()
            ]
        return "\n".join(lines)


def portrait(shop: "Shop", customer: str, lang: str = "zh") -> Portrait:
    """The profile of one customer, as of the reference date of the shop. What the source does not record is not on it.

    `customer` is the id that `shop.table("customers")` shows. Raises DataError for a customer who is not there, and
    ConsentError for one who did not agree to profiling or withdrew; a source without consents has nobody to ask.

    >>> from crmlab import check_settings, open_data
    >>> from crmlab.collect import with_consent
    >>> shop = open_data(check_settings(data="teaching"))
    >>> asked = with_consent(shop.table("customers"), shop.table("consents"), purpose="profiling", on=shop.as_of)
    >>> found = portrait(shop, asked.kept["customer_id"][0], "en")
    >>> len(found.evidence("views")) == int(found.table.set_index("field").loc["page views", "rows"])
    True
    """
    own = _Own(shop, customer)
    if own.rows("customers").empty:
        raise DataError("portrait_nobody", there=len(shop.table("customers")))
    if shop.has("consents"):
        demand_consent(own.rows("customers"), shop.table("consents"), purpose="profiling", on=shop.as_of)
    builders = (_basics, _purchases, _services, _behaviour, _consents)
    lines = tuple(line for builder in builders for line in builder(own) if shop.has(line.table))
    return Portrait(customer, shop.as_of, shop.currency, lang, lines)


class _Own:
    """One customer's rows of the tables of a shop, as the shop shows them."""

    def __init__(self, shop: "Shop", customer: str):
        self.shop = shop
        self.customer = customer

    def rows(self, table: str) -> "pd.DataFrame":
        """The customer's rows, with every column of the table that is not personal."""
        rows = self.shop.table(table)
        columns = [column.name for column in TABLES[table].columns if not column.personal]
        return rows[rows["customer_id"] == self.customer].reindex(columns=columns)

    def of_orders(self, table: str, orders: "pd.Series") -> "pd.DataFrame":
        """The rows of a table that belong to some orders."""
        rows = self.shop.table(table)
        return rows[rows["order_id"].isin(orders)]

    @cached_property
    def lines(self) -> "pd.DataFrame":
        """The customer's order lines. Whoever agreed to profiling has all of them in the profile."""
        import pandas as pd

        split = self.shop.order_lines_by_consent
        parts = [part[part["customer_id"] == self.customer] for part in (split.kept, split.refused)]
        return pd.concat([part for part in parts if len(part)] or parts[:1]).drop(columns="reason", errors="ignore")


def _basics(own: _Own) -> Iterator[Line]:
    rows = own.rows("customers")
    known = rows.iloc[0]
    for column in TABLES["customers"].columns:
        if column.codes and column.name in rows:
            value = known[column.name] if known.notna()[column.name] else None
            yield Line("basics", column.name, f"code {column.codes}", value, "customers", rows)
    day = known["registered_on"]
    yield Line(
        "basics", "registered_on", "text", day.date() if known.notna()["registered_on"] else None, "customers", rows
    )


def _purchases(own: _Own) -> Iterator[Line]:
    from crmlab.rfm import type_customers

    lines, shop = own.lines, own.shop
    valid = lines[lines["state"].isin(VALID_STATES)] if "state" in lines else lines
    numbers = dict.fromkeys(("recency_days", "frequency", "monetary"))
    if len(valid):
        table = type_customers(valid, as_of=shop.as_of, currency=shop.currency, **shop.columns).table
        numbers = {name: int(table[name].item()) for name in numbers}
    for (name, value), kind in zip(numbers.items(), ("days", "orders", "money"), strict=True):
        yield Line("purchases", name, kind, value, "order_lines", valid)
    if "category" in valid:
        yield Line("purchases", "bought", "counts category", _most(valid["category"]), "order_lines", valid)
    void = lines.drop(valid.index)
    yield Line("purchases", "void_orders", "orders", void["order_id"].nunique(), "order_lines", void)
    refunds = own.of_orders("refunds", valid["order_id"])
    money = int((refunds["amount"] * minor_units_in(shop.currency)).round().sum())
    yield Line("purchases", "refunded", "money", money, "refunds", refunds)
    sent = own.of_orders("deliveries", valid["order_id"])
    late = sent[sent["delivered_on"] > sent["promised_on"]]
    yield Line("purchases", "late_deliveries", "orders", len(late), "deliveries", late)


def _services(own: _Own) -> Iterator[Line]:
    records, texts = own.rows("service_records"), own.rows("texts")
    yield Line("services", "contacts", "times", len(records), "service_records", records)
    yield Line("services", "matters", "counts service_kind", _most(records["kind"]), "service_records", records)
    yield Line("services", "ways", "counts service_channel", _most(records["channel"]), "service_records", records)
    still_open = records[records["closed_at"].isna()]
    yield Line("services", "open", "times", len(still_open), "service_records", still_open)
    unresolved = records[records["closed_at"].notna() & (records["resolved"] != "yes")]
    yield Line("services", "unresolved", "times", len(unresolved), "service_records", unresolved)
    minutes = (records["first_reply_at"] - records["opened_at"]).dt.total_seconds() / 60
    yield Line("services", "reply_minutes", "minutes", _or_none(minutes.median()), "service_records", records)
    reviews = texts[texts["stars"].notna()]
    yield Line("services", "stars", "stars", _or_none(reviews["stars"].mean()), "texts", reviews)
    answers = own.rows("satisfaction_answers").sort_values("submitted_at").dropna(subset="csat").tail(1)
    csat = int(answers["csat"].item()) if len(answers) else None
    yield Line("services", "csat", "stars", csat, "satisfaction_answers", answers)


def _behaviour(own: _Own) -> Iterator[Line]:
    events = own.rows("events").merge(
        own.shop.table("products")[["product_id", "category"]], on="product_id", how="left"
    )
    of = {kind: events[events["event"] == kind] for kind in CODES["event"]}
    views = of["view"]
    yield Line("behaviour", "views", "times", len(views), "events", views)
    yield Line("behaviour", "dwell", "seconds", int(views["seconds"].sum()), "events", views)
    yield Line("behaviour", "viewed", "counts category", _most(views["category"]), "events", views)
    yield Line("behaviour", "searched", "counts", _most(of["search"]["term"]), "events", of["search"])
    for field, kind in (("carts", "cart_add"), ("promotions", "promo"), ("downloads", "download")):
        yield Line("behaviour", field, "times", len(of[kind]), "events", of[kind])
    engaged = events[events["event"].isin(ENGAGEMENT)]
    yield Line("behaviour", "engagement", "times", len(engaged), "events", engaged)


def _consents(own: _Own) -> Iterator[Line]:
    ledger, on = own.rows("consents"), own.shop.as_of
    for purpose in PURPOSES:
        rows = ledger[ledger["purpose"] == purpose]
        if len(with_consent(rows, rows, purpose=purpose, on=on).kept):
            value = ("agreed", rows["given_on"].max().date())
        elif rows["withdrawn_on"].notna().any():
            value = ("withdrawn", rows["withdrawn_on"].max().date())
        else:
            value = ("none", "")
        yield Line("consents", purpose, "consent", value, "consents", rows)


def _most(values: "pd.Series") -> dict[str, int] | None:
    """The most frequent values and how often each occurs; None if there is none."""
    counts = values.value_counts().rename_axis("value").reset_index(name="n")
    counts = counts.sort_values(["n", "value"], ascending=[False, True]).head(MOST)
    return dict(zip(counts["value"], counts["n"].astype(int).tolist(), strict=True)) or None


def _or_none(number: float) -> float | None:
    return None if number != number else float(number)
