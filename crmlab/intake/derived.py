"""Columns that a file does not have as such: texts put together, line numbers, products, shares of an amount."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from crmlab.intake.cells import decimal

if TYPE_CHECKING:
    import pandas as pd


def text(template: str, cells: "Mapping[str, pd.Series]", lines: "pd.Index") -> "pd.Series":
    """The template with each {heading} replaced by its cell; missing where all of them are.

    >>> import pandas as pd
    >>> cells = pd.Series(["12", None], dtype="str")
    >>> text("R{a}", {"a": cells}, cells.index).tolist()
    ['R12', nan]
    """
    import pandas as pd

    filled = pd.Series("", index=lines, dtype="str")
    for number, piece in enumerate(re.split(r"\{(.+?)\}", template)):
        filled = filled + (cells[piece].fillna("") if number % 2 else piece)
    nothing = pd.concat(cells, axis=1).isna().all(axis=1)
    return filled.mask(nothing)


def number_of(cells: "pd.Series", within: "pd.Series") -> "pd.Series":
    """The number, from 1, of each text among the distinct ones with the same `within`; shorter texts come first.

    The same lines get the same numbers whatever the order of the records, and a record that stands twice gets one
    number twice. Missing where either is missing.

    >>> import pandas as pd
    >>> number_of(pd.Series(["10", "9", "10", "7"]), pd.Series(["a", "a", "a", "b"])).tolist()
    ['2', '1', '2', '1']
    """
    import pandas as pd

    both = pd.DataFrame({"text": cells, "within": within})
    distinct = both.dropna().drop_duplicates()
    distinct = distinct.assign(length=distinct["text"].str.len()).sort_values(["within", "length", "text"])
    distinct["number"] = (distinct.groupby("within").cumcount() + 1).astype("str")
    numbers = both.merge(distinct, on=["text", "within"], how="left", validate="many_to_one")["number"]
    return numbers.set_axis(cells.index).astype("str")


def times(price: "pd.Series", quantity: "pd.Series") -> "pd.Series":
    """Price times quantity, exactly; a text that says both where one of them is no number.

    >>> import pandas as pd
    >>> times(pd.Series(["19.90元", "?"]), pd.Series(["3", "1"])).tolist()
    ['59.70', '? × 1']
    """
    import pandas as pd

    products = [_product(*pair) for pair in zip(price, quantity, strict=True)]
    return pd.Series(products, index=price.index, dtype="str")


def _product(price: str | float, quantity: str | float) -> str | None:
    if not (isinstance(price, str) and isinstance(quantity, str)):
        return None
    try:
        return str(Decimal(decimal(price)) * Decimal(decimal(quantity)))
    except InvalidOperation:
        return f"{price} × {quantity}"


def share(amount: "pd.Series", within: "pd.Series", listed: "pd.Series") -> "pd.Series":
    """The amount of an order that stands on each of its lines, shared over them in proportion to their list prices.

    Whole fen: parts are rounded down and the fen left over go to the lines with the largest remainders, the first
    line first, so that the parts add up to the amount. An order whose lines state different amounts keeps them: they
    are the lines' own. So does an order with a text that is no amount.

    >>> import pandas as pd
    >>> share(pd.Series(["10.00", "10.00", "5"]), pd.Series(["a", "a", "b"]), pd.Series(["9", "6", "7"])).tolist()
    ['6.00', '4.00', '5']
    """
    import pandas as pd

    fen = pd.DataFrame({"amount": _fen(amount), "list": _fen(listed), "order": within, "place": range(len(amount))})
    orders = fen.groupby("order")
    lines = orders["place"].transform("size")
    alike = orders["amount"].transform("nunique").eq(1) & orders["amount"].transform("count").eq(lines)
    known = orders["list"].transform("count").eq(lines) & orders["list"].transform("sum").gt(0)
    shared = fen[alike & known & lines.gt(1)].dropna().astype({"amount": "int64", "list": "int64"})
    total = shared.groupby("order")["list"].transform("sum")
    shared["part"] = shared["amount"] * shared["list"] // total
    shared["rest"] = shared["amount"] * shared["list"] % total
    left = shared["amount"] - shared.groupby("order")["part"].transform("sum")
    ranked = shared.sort_values(["rest", "place"], ascending=[False, True])
    shared["rank"] = ranked.groupby("order").cumcount()
    shared["part"] += (shared["rank"] < left).astype("int64")
    parts = shared["part"].map(lambda part: f"{part // 100}.{part % 100:02}").astype("str")
    return parts.reindex(amount.index).fillna(amount)


def off(amount: "pd.Series", within: "pd.Series", listed: "pd.Series") -> "pd.Series":
    """What a line's share of the amount leaves of its list price; 0 where the share is more, as with postage.

    >>> import pandas as pd
    >>> off(pd.Series(["10.00", "10.00", "9"]), pd.Series(["a", "a", "b"]), pd.Series(["9", "6", "7"])).tolist()
    ['3.00', '2.00', '0.00']
    """
    difference = _fen(listed) - _fen(share(amount, within, listed))
    return (
        difference.clip(lower=0)
        .map(lambda fen: f"{int(fen) // 100}.{int(fen) % 100:02}", na_action="ignore")
        .astype("str")
    )


def _fen(amounts: "pd.Series") -> "pd.Series":
    """Amounts in fen, missing where a text is no amount or has parts of a fen."""
    import pandas as pd

    plain = amounts.map(decimal, na_action="ignore").astype("str")
    good = plain.where(plain.str.fullmatch(r"-?\d{1,12}(\.\d{1,2})?0*").fillna(False))
    return (pd.to_numeric(good) * 100).round().astype("Int64")
