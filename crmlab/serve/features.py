"""Features of customers, each with the rule it comes from and what it rests on.

Every function gives a frame with a row per customer and feature: customer_id, rule (a code, see `crmlab.serve.signs`),
feature and evidence (in words), basis (the numbers and ids behind it). What is unknown has no row.
"""

from typing import TYPE_CHECKING

from crmlab.columns import demand_columns
from crmlab.rfm.explain import indicator_sentence
from crmlab.rfm.marks import INDICATORS, MARK_COLUMNS, SCORE_COLUMNS
from crmlab.show.table import code_word
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.grouping.conditions import Rule
    from crmlab.grouping.rules import Grouped
    from crmlab.needs.latent import Latent
    from crmlab.rfm import RFM

FEATURES = ["customer_id", "rule", "feature", "evidence", "basis"]
SHOWN_IDS = 3
"""How many texts or events the basis names; it counts them all."""


def type_features(result: "RFM", lang: str = "zh") -> "pd.DataFrame":
    """The combination of marks of every customer: each indicator with its value beside the threshold.

    The six types have their names; the two unnamed combinations say so. Collects one row per customer.

    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> days = pd.to_datetime(["2026-06-01", "2026-05-01"])
    >>> orders = pd.DataFrame({"customer_id": list("ab"), "order_id": list("12"), "order_date": days, "amount": [9, 1]})
    >>> found = type_features(type_customers(orders, as_of="2026-06-17"), "en")
    >>> found.loc[0, "feature"], found.loc[0, "basis"]
    ('R↓F↑M↑ key customers to maintain', 'recency_days=16; frequency=1; monetary=900')
    """
    table = result.customers
    marks = "R" + table["r_mark"] + "F" + table["f_mark"] + "M" + table["m_mark"]
    names = {code: word("plan.type", lang, marks=code, name=result.type_name(code, lang)) for code in marks.unique()}
    told = [_indicator(result, place, lang) for place in range(len(INDICATORS))]
    return _frame(
        table[result.customer_column], marks, marks.map(names), _joined(told, lang), _basis(table, INDICATORS)
    )


def _indicator(result: "RFM", place: int, lang: str) -> "pd.Series":
    """The sentence on one indicator for every customer; equal values share theirs."""
    wanted = [INDICATORS[place], MARK_COLUMNS[place], SCORE_COLUMNS[place]]
    values = result.customers[[name for name in wanted if name in result.customers]]
    different = values.drop_duplicates(INDICATORS[place])
    said = {
        row[INDICATORS[place]]: indicator_sentence(result, row, place, lang) for row in different.to_dict("records")
    }
    return values[INDICATORS[place]].map(said)


def tier_features(tiers: "pd.DataFrame", lang: str = "zh") -> "pd.DataFrame":
    """The value tier of every customer. `tiers` is what `value_tiers` gives; an unknown tier has no row.

    >>> import pandas as pd
    >>> tiers = pd.DataFrame({"id": ["a", "b"], "value_score": [13, None], "value_tier": ["high", "unknown"]})
    >>> tier_features(tiers, "en").values.tolist()
    [['a', 'tier.high', 'high value', 'value score 13; customers in order of score, cut into thirds', 'value_score=13']]
    """
    demand_columns({"value_tier": "value_tier", "value_score": "value_score"}, tiers.columns)
    known = tiers[tiers["value_tier"] != "unknown"]
    score = known["value_score"].astype("int64")
    levels = {level: word("serve.sign.tier", lang, of=code_word("value_tier", level, lang))
              for level in known["value_tier"].unique()}  # fmt: skip
    said = {one: word("plan.tier_evidence", lang, score=one) for one in score.unique()}
    return _frame(known.iloc[:, 0], "tier." + known["value_tier"], known["value_tier"].map(levels), score.map(said),
                  "value_score=" + score.astype("str"))  # fmt: skip


def stage_features(stages: "Grouped", lang: str = "zh", *, currency: str = "CNY") -> "pd.DataFrame":
    """The stage of the lifecycle of every customer, with the days that decide. `stages` is what `lifecycle` gives."""
    return group_features(stages, lang, currency=currency)


def group_features(groups: "Grouped", lang: str = "zh", *, currency: str = "CNY") -> "pd.DataFrame":
    """The groups of a rule set that every customer is in: those of `lifecycle`, `named_groups`, `need_groups` or of
    your own. In no group, or unknown: no row. The evidence is each value beside what the rule asks of it, the basis the
    values alone.

    `groups` rests on a pandas frame whose first column is the customer.
    """
    import pandas as pd

    table, rules = groups.table, groups.rules
    kind = "stage" if rules.column == "stage" else "group"
    found = []
    for rule in rules.rules:
        own = table[table[rule.key] == "yes"] if rules.several else table[table[rules.column] == rule.key]
        feature = word(f"serve.sign.{kind}", lang, of=rule.title[lang])
        columns = list(dict.fromkeys(condition.column.name for condition in rule.conditions))
        said = _tested(rule, own[columns], lang, currency)
        found.append(_frame(own.iloc[:, 0], f"{kind}.{rule.key}", feature, said, _basis(own, columns)))
    return pd.concat(found, ignore_index=True)


def _tested(rule: "Rule", values: "pd.DataFrame", lang: str, currency: str) -> "pd.Series":
    """The values of every customer beside what the rule asks; equal ones share their sentence."""
    kinds = values.groupby(list(values), dropna=False, sort=False, observed=True).ngroup()
    first = ~kinds.duplicated()
    rows = zip(kinds[first], values[first].to_dict("records"), strict=True)
    return kinds.map({kind: rule.values(row, lang, currency) for kind, row in rows})


def usual_features(preferences: "pd.DataFrame", lang: str = "zh") -> "pd.DataFrame":
    """The category that most of a customer's money goes to. `preferences` is what `crmlab.patterns.preferences` gives;
    where it is blank (too few orders, no categories) there is no row."""
    known = preferences.dropna(subset=["top_category"])
    category, share = known["top_category"].astype("str"), known["top_category_share"].round(3)
    words = {name: word("plan.usual", lang, category=code_word("category", name, lang)) for name in category.unique()}
    said = {one: word("plan.usual_share", lang, share=one) for one in share.unique()}
    basis = "top_category_share=" + share.astype("str")
    return _frame(known.iloc[:, 0], "usual." + category, category.map(words), share.map(said), basis)


def need_features(needs: "pd.DataFrame", lang: str = "zh") -> "pd.DataFrame":
    """What customers asked for, declined, or complained of, with the words they used.

    `needs` is what `crmlab.needs.find_needs` gives: customer_id, text_id, tag, span, and maybe kind (need, complaint)
    and negated. One row per customer and tag: it cites the first text by its number and names three. A complaint that
    was negated ("not broken") is none.
    """
    found = needs.rename(columns={"need": "tag"})
    demand_columns({name: name for name in ("customer_id", "text_id", "tag", "span")}, found.columns)
    kind = found.get("kind", "need")
    negated = found["negated"].astype("bool") if "negated" in found else False
    found = found.assign(kind=kind, negated=negated)
    found = found[~((found["kind"] == "complaint") & found["negated"])]
    found = found.assign(kind=found["kind"].mask(found["negated"], "declined"))
    cited = _cited(found.assign(rule=found["kind"] + "." + found["tag"]), "text_id")
    columns = {"need": "need", "declined": "need", "complaint": "complaint"}
    words = {(one, tag): word(f"serve.sign.{one}", lang, of=code_word(columns[one], tag, lang))
             for one, tag in set(zip(cited["kind"], cited["tag"], strict=True))}  # fmt: skip
    feature = [words[pair] for pair in zip(cited["kind"], cited["tag"], strict=True)]
    said = [word("plan.need_evidence", lang, text=text, span=span)
            for text, span in zip(cited["text_id"], cited["span"], strict=True)]  # fmt: skip
    return _frame(cited["customer_id"], cited["rule"], feature, said, cited["basis"])


def latent_features(latent: "Latent", lang: str = "zh") -> "pd.DataFrame":
    """Categories that customers look at often and never bought. `latent` is what `crmlab.needs.latent_needs` gives; the
    evidence tells the views beside the customer's own baseline, the basis three of the events and how many they are."""
    table = latent.table.assign(category=latent.table["category"].astype("str"))
    seen = latent.evidence.assign(rule="latent." + latent.evidence["category"].astype("str"))
    events = _cited(seen, "event_id")[["customer_id", "rule", "basis"]]
    table = table.assign(rule="latent." + table["category"]).merge(events, on=["customer_id", "rule"], how="left")
    category, baseline = table["category"], table["baseline"].round(1)
    words = {name: word("serve.sign.latent", lang, of=code_word("category", name, lang)) for name in category.unique()}
    said = [word("plan.latent_evidence", lang, views=views, baseline=mean)
            for views, mean in zip(table["views"], baseline, strict=True)]  # fmt: skip
    return _frame(table["customer_id"], table["rule"], category.map(words), said, table["basis"])


def _cited(found: "pd.DataFrame", ids: str) -> "pd.DataFrame":
    """One row per customer and rule, the first by id, with a basis that names the first ids and counts all."""
    ordered = found.sort_values(["customer_id", "rule", ids], ignore_index=True)
    ordered = ordered.drop_duplicates(["customer_id", "rule", ids])
    group = ordered.groupby(["customer_id", "rule"], sort=False)[ids]
    texts = ordered[ids].astype("str")
    named = [texts.groupby([ordered["customer_id"], ordered["rule"]]).shift(-step) for step in range(1, SHOWN_IDS)]
    basis = f"{ids}=" + texts.str.cat([(" " + one).fillna("") for one in named])
    count = group.transform("size")
    basis = basis.where(count <= SHOWN_IDS, basis + " … (" + count.astype("str") + ")")
    return ordered.assign(basis=basis).drop_duplicates(["customer_id", "rule"])


def _basis(frame: "pd.DataFrame", columns: "list[str] | tuple[str, ...]") -> "pd.Series":
    """name=value of each column, joined by semicolons; a missing value is blank."""
    told = []
    for name in columns:
        values = frame[name]
        if values.dtype.kind == "f":
            values = values.round(3)
        told.append(f"{name}=" + values.astype("str").mask(values.isna(), ""))
    joined = told[0]
    for one in told[1:]:
        joined = joined + "; " + one
    return joined


def _joined(told: "list[pd.Series]", lang: str) -> "pd.Series":
    mark = word("list.semicolon", lang)
    return told[0].str.cat(told[1:], sep=mark)


def _frame(customers: "pd.Series", rule: object, feature: object, evidence: object, basis: object) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.DataFrame({"customer_id": customers.to_numpy()}).astype({"customer_id": customers.dtype})
    for name, values in zip(FEATURES[1:], (rule, feature, evidence, basis), strict=True):
        frame[name] = values.to_numpy() if hasattr(values, "to_numpy") else values
        frame[name] = frame[name].astype("str")
    return frame
