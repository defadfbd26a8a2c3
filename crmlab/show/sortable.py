"""A table whose headings are buttons: the page sorts all rows that were given, exactly and without a kernel."""

from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING

from traitlets import Dict, Int, List, Unicode

from crmlab.show.text import with_minus
from crmlab.widgets.base import Alive, script, style
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.show.table import Table

SAID = ("how", "ascending", "descending", "given")


class SortableTable(Alive):
    """A `Table` that can be sorted by each column: up, down, and back to the order in which it was given.

    `places` has, for a column of numbers or moments, the place of each row by value, so that no shown or rounded text
    decides; None for a column of texts, which the page sorts as the reader's language does. Equal rows stay in the
    given order, missing values stand last both ways. Its still state is the table.
    """

    _esm = script("crmlab.show", "sortable.js")
    _css = style("crmlab.show", "sortable.css")
    lang = Unicode().tag(sync=True)
    headings = List(Unicode()).tag(sync=True)
    numbers = List().tag(sync=True)
    cells = List().tag(sync=True)
    places = List().tag(sync=True)
    rows = Int().tag(sync=True)
    words = Dict().tag(sync=True)
    more = Unicode().tag(sync=True)

    def __init__(self, table: "Table"):
        self._table = table
        frame = table.frame
        every = replace(table, rows=len(frame)).shown().map(with_minus)
        super().__init__(
            lang=table.lang,
            headings=table.headings(),
            numbers=[bool(one) for one in table.numbers()],
            cells=every.to_numpy().tolist(),
            places=[_places(frame[column]) for column in frame.columns],
            rows=table.rows,
            words={key: word(f"sortable.{key}", table.lang) for key in SAID},
            more=table.more(),
        )

    @property
    def still(self) -> str:
        """The table as it was given."""
        return self._table._repr_html_()

    def __repr__(self) -> str:
        return repr(self._table)


def _places(column: "pd.Series") -> list[int | None] | None:
    """The place of each value among the different ones, from 0; None for a missing value, and for texts as a whole."""
    import pandas as pd

    missing = column.isna().tolist()
    values = column.tolist()
    there = {value for value, gone in zip(values, missing, strict=True) if not gone}
    if not all(isinstance(value, Real | pd.Timestamp) for value in there):
        return None
    place = {value: number for number, value in enumerate(sorted(there))}
    return [None if gone else place[value] for value, gone in zip(values, missing, strict=True)]
