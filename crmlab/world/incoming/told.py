"""Who tells what: customers that the base knows, some of whom now say something else, and new ones."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.collect.consent import PURPOSES
from crmlab.tables.codes import CODES
from crmlab.words import word
from crmlab.world.people import draw_person
from crmlab.world.planting import CUSTOMERS, Plan

FIRST = dt.date(2026, 6, 3)
DAYS = 15
DISPUTED = ("city", "age_range", "phone")
"""What known customers say otherwise than the base, where a file asks for it."""
CONFLICTS = 6
"""How many known customers in a file contradict the base."""
TELLS = 0.8
FILLS = 0.4
AGREES = {"analysis": 0.9, "survey": 0.6, "profiling": 0.5, "marketing": 0.65}
VERSION = "v3"
FULL_WIDTH = {ord(digit): ord(digit) - ord("0") + 0xFF10 for digit in "0123456789"}


@dataclass
class Teller:
    """A customer with the values told (by house column), the purposes agreed to, and the disputed column if any."""

    told: dict[str, str]
    purposes: tuple[str, ...] = ()
    disputed: str = ""

    @property
    def customer_id(self) -> str:
        return self.told["customer_id"]

    @property
    def conflict(self) -> tuple[str, str]:
        return (self.customer_id, self.disputed) if self.disputed else ("", "")


class Cast:
    """Hands out customers, each one only once."""

    def __init__(self, rng: np.random.Generator, people: pd.DataFrame, consents: pd.DataFrame):
        self.rng = rng
        early = people[people["registered_on"] < FIRST.isoformat()]
        self._known = iter(early.sample(frac=1, random_state=rng).to_dict("records"))
        self._agreed = set(zip(consents["customer_id"], consents["purpose"], strict=True))
        self._numbers = self._unused_numbers(set(people["phone"]))
        self._last = CUSTOMERS

    def known(self, count: int, asked: tuple[str, ...] = ()) -> list[Teller]:
        """Customers of the base as they answer the columns `asked`: mostly as the base has it; a few contradict."""
        return [self._retold(next(self._known), asked, dispute=number < CONFLICTS) for number in range(count)]

    def new(self, count: int) -> list[Teller]:
        """Customers that the base does not have."""
        return [self._newcomer() for _ in range(count)]

    def number(self) -> str:
        """An unusable phone number that nobody has."""
        return next(self._numbers)

    def _unused_numbers(self, used: set[str]) -> Iterator[str]:
        while True:
            number = f"120{self.rng.integers(10**8):08d}"
            if number not in used:
                used.add(number)
                yield number

    def _newcomer(self) -> Teller:
        self._last += 1
        told = draw_person(self.rng, Plan(f"C{self._last:04d}", "no_order"), self.number())
        return Teller(told, self._purposes(told["customer_id"]))

    def _retold(self, person: dict[str, str], asked: tuple[str, ...], dispute: bool) -> Teller:
        able = [column for column in DISPUTED if column in asked and person[column]]
        disputed = str(self.rng.choice(able)) if dispute and able else ""
        told = {column: self._told(column, value) for column, value in person.items()}
        if disputed:
            told[disputed] = self._another(disputed, person[disputed])
        return Teller(told, self._purposes(person["customer_id"]), disputed)

    def _told(self, column: str, value: str) -> str:
        """A known value told again or left out; now and then a blank of the base is filled."""
        if column in ("customer_id", "name"):
            return value
        if value:
            return value if self.rng.random() < TELLS else ""
        fills = column in ("sex", "age_range", "job") and self.rng.random() < FILLS
        return str(self.rng.choice(CODES[column])) if fills else ""

    def _another(self, column: str, value: str) -> str:
        if column == "phone":
            return self.number()
        return str(self.rng.choice([code for code in CODES[column] if code != value]))

    def _purposes(self, customer_id: str) -> tuple[str, ...]:
        """What a customer agrees to now and was never in the ledger for."""
        open_ = (purpose for purpose in PURPOSES if (customer_id, purpose) not in self._agreed)
        return tuple(purpose for purpose in open_ if self.rng.random() < AGREES[purpose])

    def moments(self, count: int) -> list[dt.datetime]:
        """Times of the two weeks between nine in the morning and nine in the evening, in order."""
        start = dt.datetime.combine(FIRST, dt.time(9))
        days, seconds = self.rng.integers(DAYS, size=count), self.rng.integers(12 * 3600, size=count)
        return sorted(
            start + dt.timedelta(days=int(day), seconds=int(second)) for day, second in zip(days, seconds, strict=True)
        )

    def mixed(self, tellers: list[Teller]) -> list[Teller]:
        return [tellers[index] for index in self.rng.permutation(len(tellers))]

    def written(self, phone: str) -> str:
        """A phone number as people write it."""
        parts = phone[:3], phone[3:7], phone[7:]
        ways = (phone, "-".join(parts), " ".join(parts), f"+86 {phone}", phone.translate(FULL_WIDTH))
        return str(self.rng.choice(ways, p=(0.72, 0.1, 0.08, 0.05, 0.05))) if phone else ""

    def short_number(self) -> str:
        """A number with one digit too few."""
        return self.number()[:-1]


def worded(codes: str, code: str) -> str:
    """The Chinese word of a code, or a blank for a blank."""
    return word(f"world.{codes}.{code}", "zh") if code else ""


def worded_purposes(teller: Teller) -> str:
    return "┋".join(worded("purpose", purpose) for purpose in teller.purposes)
