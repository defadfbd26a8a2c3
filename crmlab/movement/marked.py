"""One row per customer with the combination as a small number, so that results can be laid side by side."""

from typing import TYPE_CHECKING

import narwhals.stable.v2 as nw

from crmlab.patterns.lines import collected
from crmlab.rfm.marks import COMBINATIONS, MARK_COLUMNS, UP

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.rfm import RFM

IN_ORDER = tuple(sorted(COMBINATIONS, key=lambda marks: COMBINATIONS[marks] or len(COMBINATIONS)))
"""The eight combinations as the summary shows them: types 1 to 6, then the two without a name."""
BITS = dict(zip(MARK_COLUMNS, (4, 2, 1), strict=True))


def marked(result: "RFM") -> "pd.DataFrame":
    """Collected, one row per customer: customer, marks (categories in the order of the summary) and money, M in minor
    units. About 30 bytes per customer."""
    import numpy as np
    import pandas as pd

    ups = [nw.when(nw.col(name) == UP).then(nw.lit(bit)).otherwise(nw.lit(0)) for name, bit in BITS.items()]
    wanted = result.typed.select("customer", sum(ups[1:], ups[0]).alias("bits"), nw.col("monetary").alias("money"))
    frame = collected(wanted)
    if isinstance(frame["customer"].dtype, pd.CategoricalDtype):
        frame["customer"] = frame["customer"].astype("str")
    place = np.argsort([sum(bit for bit, mark in zip(BITS.values(), marks[1::2], strict=True) if mark == UP)
                        for marks in IN_ORDER]).astype("int8")  # fmt: skip
    frame.insert(1, "marks", pd.Categorical.from_codes(place[frame.pop("bits")], IN_ORDER))
    return frame


def codes(marks: "pd.Series") -> "np.ndarray":
    """The places of the marks in `IN_ORDER`, and -1 where there are none."""
    return marks.cat.codes.to_numpy()


def share(part: float, whole: float) -> float:
    """A share, or nan where there is nothing (or less) to divide by.

    >>> share(1, 4), share(0, 0)
    (0.25, nan)
    """
    return part / whole if whole > 0 else float("nan")
