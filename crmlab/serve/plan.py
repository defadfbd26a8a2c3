"""The personalised-service table: customer, features, service, and behind every cell the rule and what it rests on."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.frames import rows
from crmlab.money import format_money
from crmlab.rfm.marks import INDICATORS, MARK_COLUMNS, combination
from crmlab.rfm.orders import VALID_STATES
from crmlab.serve.needs import read
from crmlab.show.table import code_word
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

COLUMNS = ["customer_id", "customer_features", "service"]
ENOUGH_ORDERS = 3
"""From this many orders on, a customer has a usual category; below it is unknown and stays out."""


@dataclass(frozen=True)
class Plan:
    """`table` has exactly customer_id, customer_features and service; `evidence` has a row per feature: customer_id,
    rule (the line of the catalogue), feature, evidence, service. `standard` lists those who did not agree to
    profiling."""

    table: "pd.DataFrame"
    evidence: "pd.DataFrame"
    standard: list[str]


def usual_categories(orders: "pd.DataFrame") -> "pd.DataFrame":
    """The category that most of a customer's orders hold: customer_id, category, orders with it, orders in all.

    Only orders whose state counts, and customers with at least 3 of them; equal counts go to the first category by
    name.
    """
    if "state" in orders:
        orders = orders[orders["state"].isin(VALID_STATES)]
    lines = orders[["customer_id", "order_id", "category"]].drop_duplicates()
    counts = lines.groupby(["customer_id", "category"]).size().rename("with_it").reset_index()
    total = lines.groupby("customer_id")["order_id"].nunique().rename("orders")
    counts = counts.merge(total[total >= ENOUGH_ORDERS], on="customer_id")
    ranked = counts.sort_values(["customer_id", "with_it", "category"], ascending=[True, False, True])
    return ranked.drop_duplicates("customer_id", ignore_index=True)


def _values(result: "RFM", row: dict, lang: str) -> str:
    money = format_money(row["monetary"], result.settings.currency, lang)
    return word(
        "plan.type_evidence", lang, recency_days=row["recency_days"], frequency=row["frequency"], monetary=money
    )


def make_plan(
    result: "RFM", *, agreed: Collection[str], usual: "pd.DataFrame", needs: "pd.DataFrame", lang: str = "zh"
) -> Plan:
    """The plan for all typed customers, in words of `lang`.

    Parameters
    ----------
    agreed : ids of the customers who agreed to profiling; all others get the standard service, and no feature
    usual : as `usual_categories` gives it
    needs : as `find_needs` gives it
    """
    import pandas as pd

    services = {row["applies"]: row[lang] for row in read("catalogue.csv")}
    typed = rows(result.typed.select("customer", *INDICATORS, *MARK_COLUMNS).sort("customer"))
    customers = pd.Series([str(row["customer"]) for row in typed])
    marks = pd.Series([combination("".join(row[name] for name in MARK_COLUMNS)) for row in typed])
    by_type = pd.DataFrame(
        {
            "customer_id": customers,
            "rule": marks,
            "feature": [word("plan.type", lang, marks=mark, name=result.type_name(mark, lang)) for mark in marks],
            "evidence": [_values(result, row, lang) for row in typed],
            "service": marks.map(services),
        }
    )
    by_category = pd.DataFrame(
        {
            "customer_id": usual["customer_id"],
            "rule": "usual_category",
            "feature": [
                word("plan.usual", lang, category=code_word("category", name, lang)) for name in usual["category"]
            ],
            "evidence": [
                word("plan.usual_evidence", lang, with_it=row.with_it, orders=row.orders) for row in usual.itertuples()
            ],
            "service": "",
        }
    )
    first = needs.drop_duplicates(["customer_id", "need"])
    by_need = pd.DataFrame(
        {
            "customer_id": first["customer_id"],
            "rule": first["need"],
            "feature": [word("plan.need", lang, need=code_word("need", need, lang)) for need in first["need"]],
            "evidence": [
                word("plan.need_evidence", lang, text=row.text_id, span=row.span) for row in first.itertuples()
            ],
            "service": first["need"].map(services),
        }
    )
    evidence = pd.concat([by_type, by_category, by_need], ignore_index=True)
    evidence = evidence[evidence["customer_id"].isin(agreed) & evidence["customer_id"].isin(customers)]
    evidence = evidence.sort_values("customer_id", kind="stable", ignore_index=True)
    joined = evidence.groupby("customer_id").agg(
        customer_features=("feature", word("list.semicolon", lang).join),
        service=("service", lambda parts: word("list.semicolon", lang).join(part for part in parts if part)),
    )
    table = joined.reindex(customers.rename("customer_id")).reset_index()
    table["customer_features"] = table["customer_features"].fillna("")
    table["service"] = table["service"].fillna(services["standard"])
    return Plan(table[COLUMNS], evidence, customers[~customers.isin(agreed)].tolist())
