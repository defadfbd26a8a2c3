"""The points ledger: an append-only log of what every customer earned, spent, lost by time and gave back."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.loyalty.scheme import PointRules

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("earn", "spend", "expire", "reverse")


@dataclass(slots=True)
class Lot:
    """The points of one order. `reversed` is all that was to be taken back, wherever it came from."""

    earned: int
    left: int
    expires: dt.date
    reversed: int = 0
    expired: int = 0


@dataclass(slots=True)
class Account:
    """One customer: the lots by order, those with points in the order in which they end, and debts by order."""

    lots: dict[Any, Lot] = field(default_factory=dict)
    open: dict[Any, Lot] = field(default_factory=dict)
    debts: dict[Any, int] = field(default_factory=dict)
    spent: dict[Any, int] = field(default_factory=dict)
    balance: int = 0
    debt: int = 0

    def take(self, points: int) -> int:
        """Take up to so many points, those that end first before the others, and say how many there were."""
        wanted = min(points, self.balance)
        rest = wanted
        while rest:
            order, lot = next(iter(self.open.items()))
            rest -= self.take_from(order, lot, rest)
        return wanted

    def take_from(self, order: Any, lot: Lot, points: int) -> int:
        """Take up to so many points from one lot."""
        taken = min(points, lot.left)
        lot.left -= taken
        self.balance -= taken
        if not lot.left:
            self.open.pop(order, None)
        return taken


class Ledger:
    """Points of all customers under one set of rules.

    The log has a clock, `until`: every entry is made on the clock's day, and the clock only moves forward. When it
    moves, points that end on the way are taken off, first of all on their day. So entries stand in the order of their
    days, and what was entered stays.

    The same thing twice changes nothing: an order earns once, a spend has a reference of its own, and a refund is told
    by the money that is left of its order.

    Points are spent in the order in which they end. A refund takes back the points of its order, from that order's own
    points first; points of it that ended by time are gone already; for points that were spent, others of the customer
    are taken, and what the balance lacks becomes a debt, which later earnings pay first. The balance is never below 0,
    and it is always the sum of the points in the log.

    >>> from crmlab.loyalty import open_scheme
    >>> ledger = Ledger(open_scheme().points)
    >>> ledger.earn("a", "1", 30_000, on=dt.date(2026, 1, 5))
    >>> ledger.spend("a", 100, on=dt.date(2026, 2, 1), reference="cup")
    >>> ledger.refund("a", "1", 10_000, on=dt.date(2026, 2, 3))
    >>> ledger.frame()[["kind", "points", "reference", "balance", "debt"]].values.tolist()
    [['earn', 300, '1', 300, 0], ['spend', -100, 'cup', 200, 0], ['reverse', -200, '1', 0, 0]]

    The log is all that needs to be kept: `Ledger.of(log, rules)` goes on from there.
    """

    def __init__(self, rules: PointRules, *, customer: str = "customer_id"):
        self.rules = rules
        self.customer_column = customer
        self.until: dt.date | None = None
        self._accounts: dict[Any, Account] = defaultdict(Account)
        self._ending: dict[dt.date, list[tuple[Any, Any]]] = {}
        self._expiry: dict[dt.date, dt.date] = {}
        self._log: list[tuple] = []

    @classmethod
    def of(cls, log: "pd.DataFrame", rules: PointRules, *, customer: str = "customer_id") -> "Ledger":
        """The ledger that a log (see `frame`) came from, so that entries can be added; the clock is on its last day.

        Everything is entered again by the rules. Raises DataError for a log that does not come out the same: entries
        were changed, or the rules.
        """
        from crmlab.loyalty.checking import demand_log

        demand_log(log, customer)
        ledger = cls(rules, customer=customer)
        entries = log[log["kind"].isin(["earn", "spend"]) | (log["claimed"] > 0)]
        columns = [entries[name].tolist() for name in (customer, "kind", "points", "reference", "claimed")]
        days = entries["on"].dt.date.tolist()
        for day, owner, kind, points, reference, claimed in zip(days, *columns, strict=True):
            ledger.move(day)
            match kind:
                case "earn":
                    ledger._earn(owner, reference, points)
                case "spend":
                    ledger.spend(owner, -points, on=day, reference=reference)
                case _:
                    lot = ledger._accounts[owner].lots.get(reference)
                    ledger._keep(owner, reference, lot.earned - lot.reversed - claimed if lot else 0)
        if len(log):
            ledger.move(log["on"].max().date())
        again = ledger.frame()
        if not again.astype("str").equals(log[list(again.columns)].reset_index(drop=True).astype("str")):
            raise DataError("loyalty_log_other", entries=len(log), again=len(again))
        return ledger

    def __len__(self) -> int:
        return len(self._log)

    def __repr__(self) -> str:
        return f"Ledger(entries={len(self)}, customers={len(self._accounts)}, until={self.until})"

    def frame(self) -> "pd.DataFrame":
        """The log: entry (from 1), the customer column, on, kind, points (with their sign), reference, balance, debt,
        claimed, expires_on.

        `kind` is earn, spend, expire or reverse; `reference` is the order, or the reference of a spend; `balance` and
        `debt` are the customer's after the entry; `claimed` is what a refund calls back, of which `points` are taken,
        some may be owed from then on, and the rest had ended already (0 where a debt is paid); `expires_on` is the
        first day on which earned points do not hold.
        """
        import pandas as pd

        columns = (
            self.customer_column,
            "on",
            "kind",
            "points",
            "reference",
            "balance",
            "debt",
            "claimed",
            "expires_on",
        )
        parts = list(zip(*self._log, strict=True)) or [()] * len(columns)
        dates = {"on", "expires_on"}
        made = {
            name: pd.Series(part, dtype="datetime64[us]" if name in dates else None)
            for name, part in zip(columns, parts, strict=True)
        }
        kinds = dict.fromkeys(("points", "balance", "debt", "claimed"), "int64") | {"kind": "str", "reference": "str"}
        return pd.DataFrame({"entry": range(1, len(self) + 1), **made}).astype(kinds)

    def earn(self, customer: Any, order: Any, money: int, *, on: dt.date) -> None:
        """The points of an order with so much net money (minor units), once; debts are paid from them at once.

        An order of less than a point makes no entry. Raises DataError for money that is no whole number, or for a day
        before the clock.
        """
        _demand_money(money)
        self.move(on)
        self._earn(customer, str(order), int(self.rules.earned(money)))

    def refund(self, customer: Any, order: Any, money_left: int, *, on: dt.date) -> None:
        """Take back what an order earned too much, now that so much money (minor units) is left of it.

        What stays is what an order of `money_left` would have earned, so any refunds of parts add up to that of all.
        Nothing happens where the order earned nothing, or where so much is taken back already. Raises DataError for
        money that is no whole number, or for a day before the clock.
        """
        _demand_money(money_left)
        self.move(on)
        self._keep(customer, str(order), int(self.rules.earned(max(money_left, 0))))

    def spend(self, customer: Any, points: int, *, on: dt.date, reference: Any) -> None:
        """Spend points. The same reference again changes nothing.

        Raises DataError where the balance is too low, for a number below 1, for a reference that was used for another
        number, or for a day before the clock; then nothing is entered and the clock stays.
        """
        if type(points) is not int or points < 1:
            raise DataError("loyalty_points_number", value=points)
        self._demand_day(on)
        reference = str(reference)
        known = self._accounts.get(customer, Account())
        before = known.spent.get(reference)
        if before not in (None, points):
            raise DataError("loyalty_points_reference", reference=reference, before=before, points=points)
        there = sum(lot.left for lot in known.open.values() if lot.expires > on)
        if before is None and there < points:
            raise DataError("loyalty_points_short", balance=there, points=points, on=on)
        self.move(on)
        if before is not None:
            return
        known.spent[reference] = points
        known.take(points)
        self._enter(customer, known, "spend", -points, reference)

    def move(self, until: dt.date) -> None:
        """Move the clock, and take off all points that end on the way. Raises DataError for a day before the clock."""
        self._demand_day(until)
        if until == self.until:
            return
        ended = sorted(day for day in self._ending if day <= until)
        for day in ended:
            self.until = day
            for customer, order in self._ending.pop(day):
                self._expire(customer, order)
        self.until = until

    def balance(self, customer: Any) -> int:
        """The points that a customer has on the clock's day, 0 for one who is not in the log."""
        known = self._accounts.get(customer)
        return known.balance if known else 0

    def balances(self, on: dt.date) -> "pd.DataFrame":
        """What every customer in the log has at the end of a day: the customer column, balance, debt.

        Raises DataError for a day after the clock: what ends until then is not entered yet.
        """
        import pandas as pd

        if self.until is None or on > self.until:
            raise DataError("loyalty_points_ahead", on=on, until=self.until)
        frame = self.frame()
        frame = frame[frame["on"] <= pd.Timestamp(on)]
        latest = frame.drop_duplicates(self.customer_column, keep="last").sort_values(self.customer_column)
        return latest[[self.customer_column, "balance", "debt"]].reset_index(drop=True)

    def known(self, customers: Iterable[Any], orders: Iterable[Any]) -> list[bool]:
        """Which of these orders have earned points."""
        empty = Account()
        pairs = zip(customers, orders, strict=True)
        return [order in self._accounts.get(customer, empty).lots for customer, order in pairs]

    def kept(self, customers: Iterable[Any], orders: Iterable[Any]) -> list[int]:
        """The points that known orders earned and that no refund has called back."""
        lots = (self._accounts[customer].lots[order] for customer, order in zip(customers, orders, strict=True))
        return [lot.earned - lot.reversed for lot in lots]

    def enter_day(self, day: dt.date, events: Iterable[tuple[Any, Any, bool, int]]) -> None:
        """All orders and refunds of a day: customer, order, whether it earns, and the points that it earns or keeps."""
        self.move(day)
        for customer, order, earns, points in events:
            (self._earn if earns else self._keep)(customer, order, points)

    def _demand_day(self, day: dt.date) -> None:
        if type(day) is not dt.date:
            raise DataError("loyalty_day", kind=type(day).__name__)
        if self.until is not None and day < self.until:
            raise DataError("loyalty_points_past", on=day, until=self.until)

    def _earn(self, customer: Any, order: Any, points: int) -> None:
        account = self._accounts[customer]
        if points <= 0 or order in account.lots:
            return
        expires = self._expiry.get(self.until)
        if expires is None:
            expires = self._expiry[self.until] = self.rules.expiry(self.until)
        lot = account.lots[order] = account.open[order] = Lot(points, points, expires)
        self._ending.setdefault(expires, []).append((customer, order))
        account.balance += points
        self._enter(customer, account, "earn", points, order, expires=expires)
        for owed in list(account.debts):
            paid = account.take_from(order, lot, account.debts[owed])
            if not paid:
                break
            self._owe(account, owed, -paid)
            self._enter(customer, account, "reverse", -paid, owed)

    def _keep(self, customer: Any, order: Any, points: int) -> None:
        account = self._accounts.get(customer)
        lot = account.lots.get(order) if account else None
        back = lot.earned - lot.reversed - points if lot else 0
        if back <= 0:
            return
        lot.reversed += back
        taken = account.take_from(order, lot, back)
        gone = min(back - taken, lot.expired)
        lot.expired -= gone
        taken += account.take(back - taken - gone)
        self._owe(account, order, back - taken - gone)
        self._enter(customer, account, "reverse", -taken, order, claimed=back)

    def _owe(self, account: Account, order: Any, points: int) -> None:
        account.debt += points
        account.debts[order] = account.debts.get(order, 0) + points
        if not account.debts[order]:
            del account.debts[order]

    def _expire(self, customer: Any, order: Any) -> None:
        account = self._accounts[customer]
        lot = account.lots[order]
        if lot.left:
            lot.expired = lot.left
            account.take_from(order, lot, lot.left)
            self._enter(customer, account, "expire", -lot.expired, order)

    def _enter(
        self, customer: Any, account: Account, kind: str, points: int, reference: str,
        *, claimed: int = 0, expires: dt.date | None = None,
    ) -> None:  # fmt: skip
        state = (account.balance, account.debt, claimed, expires)
        self._log.append((customer, self.until, kind, points, reference, *state))


def _demand_money(money: int) -> None:
    if not isinstance(money, Integral):
        raise DataError("loyalty_money", kind=type(money).__name__)
