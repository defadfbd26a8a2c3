"""What must hold in a points ledger, looked for in the log alone: a second opinion, without the ledger's own code."""

from typing import TYPE_CHECKING

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.loyalty.ledger import KINDS

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("entry", "points", "balance", "debt", "claimed")
COLUMNS = (*NUMBERS, "on", "kind", "reference", "expires_on")
INVARIANTS = (
    "entries", "days", "kind", "sign", "balance", "negative", "debt", "debt_first", "twice", "early", "overdue",
    "claimed", "expired",
)  # fmt: skip


def demand_log(log: "pd.DataFrame", customer: str) -> None:
    """Raise DataError unless the columns of a log are there and hold what they should."""
    import pandas as pd

    demand_columns({name: name for name in (customer, *COLUMNS)}, list(log.columns))
    for name in NUMBERS:
        if not pd.api.types.is_integer_dtype(log[name]):
            raise DataError("loyalty_log_number", column=name, found=log[name].dtype)
    for name in ("on", "expires_on"):
        if not pd.api.types.is_datetime64_dtype(log[name]):
            raise DataError("not_a_date", column=name, found=log[name].dtype)


def check_ledger(frame: "pd.DataFrame", *, customer: str = "customer_id") -> "pd.DataFrame":
    """Every entry of a log (see `Ledger.frame`) that breaks an invariant; no row where all is well.

    Columns: invariant, entry, the customer column, written, should_be (blank where there is no one number). The
    invariants:

    entries : entries are numbered 1, 2, 3 …, so none was taken out or put in
    days : no entry is on an earlier day than the one before it
    kind : earn, spend, expire or reverse
    sign : what is earned is above 0, what is spent or ended below it, what is reversed not above it
    balance : the balance before plus the points is the balance after
    negative : no balance below 0
    debt : no debt below 0; it grows by no more than what a refund claims beyond what is taken, and falls by what is
        taken where nothing is claimed
    debt_first : at the end of a day nobody has both points and a debt
    twice : an order earns once, and the reference of a spend stands once
    early : points end on their day, and not earlier
    overdue : a balance is never above what was earned and has not ended yet
    claimed : all refunds of an order claim no more than it earned before, and take no more than they claim, but for
        what pays a debt
    expired : of an order no more ends than it earned before

    Raises DataError for a missing column, or for a number or day that is no such thing.

    >>> import datetime as dt
    >>> from crmlab.loyalty import Ledger, open_scheme
    >>> ledger = Ledger(open_scheme().points)
    >>> ledger.earn("a", "1", 30_000, on=dt.date(2026, 1, 5))
    >>> log = ledger.frame()
    >>> len(check_ledger(log))
    0
    >>> log.loc[0, "balance"] = 999
    >>> check_ledger(log)[["invariant", "written", "should_be"]].values.tolist()
    [['balance', 999, 300], ['overdue', 999, 300]]
    """
    import pandas as pd

    demand_log(frame, customer)
    log = frame.reset_index(drop=True)
    found = [*_by_entry(log, customer), *_by_order(log, customer), _overdue(log, customer)]
    broken = pd.concat(
        log.assign(invariant=name, written=log[written], should_be=pd.Series(should_be, log.index, "Int64"))[where]
        for name, where, written, should_be in found
    )
    place = broken["invariant"].map({name: place for place, name in enumerate(INVARIANTS)})
    broken = broken.assign(place=place).sort_values(["entry", "place"], ignore_index=True)
    return broken[["invariant", "entry", customer, "written", "should_be"]].astype({"should_be": "Int64"})


def _by_entry(log: "pd.DataFrame", customer: str) -> list[tuple]:
    """Invariants that need an entry and the one before it."""
    import pandas as pd

    own = log.groupby(customer, sort=False)
    kind, points = log["kind"], log["points"]
    number = log["entry"].shift(fill_value=0) + 1
    expected = own["balance"].shift(fill_value=0) + points
    owed = own["debt"].shift(fill_value=0)
    more = log["debt"] - owed
    refund, payment = (kind == "reverse") & (log["claimed"] > 0), (kind == "reverse") & (log["claimed"] == 0)
    wrong_debt = (
        (log["debt"] < 0)
        | (~refund & ~payment & (more != 0))
        | (refund & ((more < 0) | (more > log["claimed"] + points)))
        | (payment & (more != points))
    )
    last_of_day = ~log.duplicated([customer, "on"], keep="last")
    signs = (
        ((kind == "earn") & (points <= 0))
        | (kind.isin(["spend", "expire"]) & (points >= 0))
        | ((kind == "reverse") & (points > 0))
    )
    return [
        ("entries", log["entry"] != number, "entry", number),
        ("days", log["on"] < log["on"].shift(), "points", pd.NA),
        ("kind", ~kind.isin(KINDS), "points", pd.NA),
        ("sign", signs, "points", pd.NA),
        ("balance", log["balance"] != expected, "balance", expected),
        ("negative", log["balance"] < 0, "balance", pd.NA),
        ("debt", wrong_debt, "debt", pd.NA),
        ("debt_first", last_of_day & (log["balance"] > 0) & (log["debt"] > 0), "debt", 0),
    ]


def _by_order(log: "pd.DataFrame", customer: str) -> list[tuple]:
    """Invariants of all the entries of one order, or of one reference."""
    import pandas as pd

    key = [customer, "reference"]
    once = log["kind"].isin(["earn", "spend"]) & log.duplicated([*key, "kind"])
    earns = log[log["kind"] == "earn"].drop_duplicates(key)
    with_order = log.merge(
        earns[[*key, "points", "expires_on", "entry"]], on=key, how="left", suffixes=("", "_earned")
    ).set_index(log.index)
    known = with_order["entry_earned"].fillna(len(log) + 1) < log["entry"]
    earned = with_order["points_earned"].where(known, 0).astype("int64")
    found = [("twice", once, "points", pd.NA)]
    expires = log["kind"] == "expire"
    found.append(("early", expires & (log["on"] != with_order["expires_on_earned"]), "points", pd.NA))
    names = [log[column] for column in key]
    gone = -log["points"].where(expires, 0).groupby(names, sort=False).cumsum()
    found.append(("expired", expires & ((gone > earned) | ~known), "points", -earned))
    reverse = log["kind"] == "reverse"
    claimed = log["claimed"].groupby(names, sort=False).cumsum()
    wrong = reverse & ((log["claimed"] < 0) | (claimed > earned) | ~known) | ~reverse & (log["claimed"] != 0)
    found.append(("claimed", wrong, "claimed", earned.where(reverse, 0)))
    return found


def _overdue(log: "pd.DataFrame", customer: str) -> tuple:
    """A balance against the points that were earned until then and end later. A lot ends first of all on its day, so
    an entry that ends another lot of that day may still stand before it."""
    import pandas as pd

    earns = log[log["kind"] == "earn"]
    begin = log[[customer, "on"]].assign(change=log["points"].where(log["kind"] == "earn", 0), turn=1, place=log.index)
    end = pd.DataFrame({customer: earns[customer], "on": earns["expires_on"], "change": -earns["points"], "turn": 0})
    steps = pd.concat([begin, end]).sort_values(["on", "turn", "place"], kind="stable")
    steps["valid"] = steps.groupby(customer, sort=False)["change"].cumsum()
    valid = steps.dropna(subset="place").set_index("place")["valid"].reindex(log.index)
    ending = log["kind"].eq("expire") & log.duplicated([customer, "on"], keep="last")
    return "overdue", ~ending & (log["balance"] > valid), "balance", valid
