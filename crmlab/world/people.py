"""The customers: invented people with unusable contacts, and what each has consented to."""

from functools import cache

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.catalogue import read
from crmlab.world.drawing import one_of
from crmlab.world.planting import CUSTOMERS, Plan
from crmlab.world.season import CLOSED, LAST_DAY, date_of, day_of

AGE_SHARES = {"student": (0.85, 0.15, 0, 0, 0), "office": (0.1, 0.4, 0.3, 0.15, 0.05)}
OTHER_AGES = (0.1, 0.25, 0.25, 0.2, 0.2)
CONSENT_SHARES = {"analysis": 0.93, "marketing": 0.7, "survey": 0.68, "profiling": 0.55}
TEXT_VERSIONS = (("2025-01-01", "v1"), ("2025-11-01", "v2"), ("9999-12-31", "v3"))
BORN_ON_LEAP_DAY = 3
SECOND_THOUGHTS = 12
"""How many respondents withdraw their consent to the survey after they answered."""
RENEWED = 8


def draw_people(rng: np.random.Generator, plans: list[Plan]) -> pd.DataFrame:
    """One row per customer, all text. The extra column `pinyin`, the name in Latin letters, stays here."""
    suffix = rng.choice(10**8, CUSTOMERS, replace=False)
    rows = [draw_person(rng, plan, f"120{number:08d}") for plan, number in zip(plans, suffix, strict=True)]
    people = pd.DataFrame(rows, index=[plan.customer_id for plan in plans])
    leap = rng.choice(people.index, BORN_ON_LEAP_DAY, replace=False)
    people.loc[leap, "birthday"] = "02-29"
    return people


def draw_person(rng: np.random.Generator, plan: Plan, phone: str) -> dict[str, str]:
    language = "en" if rng.random() < 0.08 else "zh"
    name, pinyin = _name(rng, language)
    job = _pick(rng, CODES["job"], (0.18, 0.5, 0.17, 0.15))
    sources = (0.3, 0.3 if plan.days else 0, 0.18, 0.06, 0.1, 0.06)
    source = _pick(rng, CODES["source"], sources)
    number = plan.customer_id[1:]
    mail = f"{pinyin.lower().replace(' ', '.')}{int(number)}@shop.example"
    birthday = date_of(day_of("2025-01-01") + int(rng.integers(365))).isoformat()[5:]
    city_shares = 1 / np.arange(2, 2 + len(CODES["city"]))
    return {
        "customer_id": plan.customer_id,
        "name": name,
        "sex": _or_blank(rng, _pick(rng, CODES["sex"], (0.58, 0.42)), 0.5),
        "age_range": _or_blank(rng, _pick(rng, CODES["age_range"], AGE_SHARES.get(job, OTHER_AGES)), 0.12),
        "job": _or_blank(rng, job, 0.15),
        "birthday": _or_blank(rng, birthday, 0.18),
        "phone": _or_blank(rng, phone, 0.03),
        "email": _or_blank(rng, mail, 0.3),
        "wechat": _or_blank(rng, f"example_c{number}", 0.35),
        "city": _pick(rng, CODES["city"], city_shares),
        "source": source,
        "registered_on": date_of(_registration(rng, plan, source)).isoformat(),
        "language": language,
        "pinyin": pinyin,
    }


def _name(rng: np.random.Generator, language: str) -> tuple[str, str]:
    """A name and its Latin form. Every Chinese name has 示 (as in 示例, example) in the middle."""
    first, last = ("english_given", "english_surname") if language == "en" else ("surname", "given")
    one, two = (_part(rng, part) for part in (first, last))
    if language == "en":
        name = f"{one['latin']} {two['latin']}"
        return name, name
    return f"{one['zh']}示{two['zh']}", f"{one['latin']} Shi{two['latin']}"


def _part(rng: np.random.Generator, part: str) -> dict[str, str]:
    rows = _names(part)
    return rows[int(rng.integers(len(rows)))]


@cache
def _names(part: str) -> list[dict[str, str]]:
    return [row for row in read("names.csv") if row["part"] == part]


def _registration(rng: np.random.Generator, plan: Plan, source: str) -> int:
    """The day of registration; before the history for some who bought early in it."""
    if not plan.days:
        return LAST_DAY - int(rng.integers(1, 500))
    if source == "order":
        return plan.days[0]
    longest = 365 if plan.days[0] < CLOSED - 60 else 45
    return plan.days[0] - int(longest * rng.random() ** 2)


def draw_consents(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """The consent ledger: one row each time somebody consents to a purpose."""
    rows = []
    for person in people.itertuples():
        registered = day_of(person.registered_on)
        method = {"phone": "phone", "event": "paper", "membership": "paper"}.get(person.source, "web_form")
        for purpose, share in CONSENT_SHARES.items():
            if rng.random() >= share:
                continue
            later = int(rng.exponential(90)) if rng.random() < 0.15 else 0
            rows.append(_consent(rng, person.customer_id, purpose, method, min(registered + later, LAST_DAY)))
    withdrawn = [row for row in rows if row["withdrawn_on"] and day_of(row["withdrawn_on"]) < LAST_DAY - 30]
    for row in rng.choice(np.array(withdrawn, dtype=object), RENEWED, replace=False):
        again = day_of(row["withdrawn_on"]) + int(rng.integers(5, 30))
        rows.append({**_consent(rng, row["customer_id"], row["purpose"], "web_form", again), "withdrawn_on": ""})
    return pd.DataFrame(rows).sort_values(["customer_id", "purpose", "given_on"])


def _consent(rng: np.random.Generator, customer_id: str, purpose: str, method: str, given: int) -> dict[str, str]:
    given_on = date_of(given).isoformat()
    withdrawn = given + int(rng.integers(10, 400))
    return {
        "customer_id": customer_id,
        "purpose": purpose,
        "text_version": next(version for until, version in TEXT_VERSIONS if given_on < until),
        "method": method,
        "given_on": given_on,
        "withdrawn_on": date_of(withdrawn).isoformat() if rng.random() < 0.06 and withdrawn <= LAST_DAY else "",
    }


def withdraw(rng: np.random.Generator, consents: pd.DataFrame, purpose: str, among: pd.Series) -> pd.DataFrame:
    """The ledger after a few of these customers withdrew their consent to a purpose on the last day."""
    held = consents["customer_id"].isin(among) & (consents["purpose"] == purpose) & (consents["withdrawn_on"] == "")
    changed = rng.choice(np.flatnonzero(held), SECOND_THOUGHTS, replace=False)
    ledger = consents.reset_index(drop=True)
    ledger.loc[changed, "withdrawn_on"] = date_of(LAST_DAY).isoformat()
    return ledger


def in_force(consents: pd.DataFrame, purpose: str, day: str) -> set[str]:
    """The customers whose consent to `purpose` holds on the ISO date `day`."""
    held = consents[(consents["purpose"] == purpose) & (consents["given_on"] <= day)]
    return set(held.loc[(held["withdrawn_on"] == "") | (held["withdrawn_on"] > day), "customer_id"])


def _pick(rng: np.random.Generator, options: tuple[str, ...], shares: object) -> str:
    return one_of(rng, options, shares)


def _or_blank(rng: np.random.Generator, value: str, blank_share: float) -> str:
    return "" if rng.random() < blank_share else value
