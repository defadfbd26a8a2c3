"""A form to change the plan by hand: what a person writes is kept, and what cannot be kept is said in plain words."""

from dataclasses import replace
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

from crmlab.errors import CrmlabError, DataError
from crmlab.serve.allot import NOT_CONCERNED
from crmlab.serve.edits import EDITABLE
from crmlab.serve.signs import shown_id
from crmlab.serve.why import _service as reason
from crmlab.show.rows import table_parts
from crmlab.show.table import code_word, heading
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.serve.plan import Plan

FEW = 5
"""Rows of the plan on the page for places without a kernel."""
SUGGESTED = 2_000
"""Ids in the list of the field for the customer; any other can be typed."""
LISTED = ["edited_on", "customer_id", "column", "text", "edited_why", "edited_by"]
CONFLICTS = ["customer_id", "column", "text", "proposed", "proposed_now"]
STYLE = """<style>
.crmlab-editor .wide { overflow-x: auto }
.crmlab-editor table { border-collapse: collapse; table-layout: auto; line-height: 1.5; margin: 0.4em 0 }
.crmlab-editor caption { text-align: left; font-weight: bold; padding-bottom: 0.2em }
.crmlab-editor :is(th, td) { text-align: left; vertical-align: top; padding: 2px 14px 2px 0; white-space: normal }
.crmlab-editor th { border-bottom: 1px solid currentColor }
</style>"""


class PlanEditor:
    """A form on one plan: choose a customer, read the row and its evidence, change a cell, say why, save.

    Tab goes from field to field, Enter on the button saves. What was typed and not saved stays with its cell while
    other cells are looked at. In a page without a kernel some rows of the plan, the edits and the conflicts are shown.

    Attributes
    ----------
    plan : Plan
        The plan with all edits so far, as `Plan.edit` makes them.
    customer, column, text, why, save : widgets
        The fields of the form and its button.
    """

    def __init__(self, plan: "Plan", lang: str, *, by: str, on: date, customer: Any):
        self.plan, self.lang, self.by, self.on = plan, lang, by, on
        self._typed: dict[tuple[str, str], tuple[str, str]] = {}
        self._at: tuple[str, str] | None = None
        self._build(str(customer))
        self._open()

    def _build(self, customer: str) -> None:
        from ipywidgets import HTML, Button, Combobox, Layout, Text, Textarea, ToggleButtons, VBox

        def named(key: str, **layout: str) -> dict[str, Any]:
            text = word(f"editor.{key}", self.lang)
            size = Layout(**{"width": "auto", "max_width": "700px"} | layout)
            return {"description": text, "tooltip": text, "style": {"description_width": "9em"}, "layout": size}

        self.customer = Combobox(value=customer, options=self._suggested, continuous_update=False, **named("customer"))
        columns = [(word(f"plan.heading.{name}", self.lang), name) for name in EDITABLE]
        self.column = ToggleButtons(options=columns, value="service", **named("column"))
        self.column.style.button_width = "auto"
        # Texts go to the kernel whole, when the field is left: in pieces, the button could overtake the last of them.
        self.text = Textarea(continuous_update=False, **named("text", height="6em"))
        self.why = Text(continuous_update=False, **named("why"))
        self.save = Button(description=word("editor.save", self.lang), button_style="primary")
        self.row, self.said, self.lists = HTML(), HTML(), HTML()
        fields = [self.customer, self.row, self.column, self.text, self.why, self.save, self.said, self.lists]
        self.widget = VBox(fields)
        for field in (self.customer, self.column):
            field.observe(self._open, "value")
        self.save.on_click(self._save)

    @property
    def _suggested(self) -> list[str]:
        return self.plan.customers.head(SUGGESTED).astype("str").tolist()

    def take(self, plan: "Plan") -> None:
        """Go on with a new plan: the edits so far are put into it, and what is typed stays typed. Conflicts are listed.

        The customers may be others. Edits that the new plan already has are not doubled.
        """
        import pandas as pd

        edits = pd.concat([self.plan.edits, plan.edits], ignore_index=True).drop_duplicates(ignore_index=True)
        self._keep()
        self._at = None
        self.plan = replace(plan, edits=edits)
        self.customer.options = self._suggested
        self._open()

    def _open(self, _: Any = None) -> None:
        """Show the chosen cell: as somebody left it in the form, else as it stands in the plan."""
        self._keep()
        customer, column = self.customer.value.strip(), self.column.value
        there = self.plan.table.loc[self.plan.customers.astype("str") == customer, column]
        self._at = (customer, column) if len(there) else None
        self.said.value = ""
        self.lists.value = self._lists()
        for field in (self.text, self.why, self.save):
            field.disabled = there.empty
        if there.empty:
            self._say(DataError("serve_no_customer", customer=shown_id(customer)).message(self.lang))
            self.row.value = ""
            return
        self.text.value, self.why.value = self._typed.get(self._at, (there.iloc[0], ""))
        self.row.value = self._row(customer)
        if self._at in self._typed:
            self._say(word("editor.typed", self.lang))

    def _keep(self) -> None:
        """Remember what was typed into the cell that is open, if it is not what stands in the plan."""
        if self._at is None:
            return
        customer, column = self._at
        cell = self.plan.table.loc[self.plan.customers.astype("str") == customer, column].iloc[0]
        if (self.text.value, self.why.value) != (cell, ""):
            self._typed[self._at] = self.text.value, self.why.value
        else:
            self._typed.pop(self._at, None)

    def _save(self, _: Any) -> None:
        customer, column = self.customer.value.strip(), self.column.value
        about = {"by": self.by, "on": self.on, "why": self.why.value}
        try:
            if not self.why.value.strip():
                raise DataError("serve_edit_why")
            self.plan = self.plan.edit(customer, column, self.text.value, **about)
        except CrmlabError as error:
            self._say(word("editor.refused", self.lang, why=error.message(self.lang)))
            return
        self._typed.pop((customer, column), None)
        self._at = None
        self._open()
        self._say(word("editor.saved", self.lang, count=len(self.plan.edits)))

    def _say(self, text: str) -> None:
        self.said.value = f'<p role="status">{escape(text)}</p>'

    def _row(self, customer: str) -> str:
        """The row of a customer, and what it is based on."""
        shown = self.plan.table[self.plan.customers.astype("str") == customer]
        return _html(self._rows_of(shown) + self._table("evidence", ["said", "evidence"], self._evidence(customer)))

    def _rows_of(self, shown: "pd.DataFrame") -> str:
        head = [word(f"plan.heading.{name}", self.lang) for name in shown]
        return "".join(
            table_parts("plan", word("editor.plan", self.lang), head, shown.astype("str").to_numpy().tolist())
        )

    def _evidence(self, customer: str) -> list[tuple[str, str]]:
        """Each feature and each service with what it is based on. What `plan.why` tells of the orders behind the marks
        is left out: it takes longer than a form may."""
        place = int((self.plan.customers.astype("str") == customer).argmax())
        own = self.plan.features[self.plan.features["customer_id"] == self.plan.customers.iloc[place]]
        status = {name: int(values[place]) for name, values in self.plan.allotment.status.items()}
        told = [reason(self.plan, one, status[one.service_id], place, own["rule"].tolist(), status)
                for one in self.plan.allotment.services if status[one.service_id] != NOT_CONCERNED]  # fmt: skip
        services = [(said, evidence) for _, said, _, evidence, _ in told]
        return [*own[["feature", "evidence"]].itertuples(index=False, name=None), *services]

    def _lists(self) -> str:
        """The edits so far, newest first, and what became of those that need a look."""
        parts = []
        for key, columns, frame in (
            ("edits", LISTED, self.plan.edits.iloc[::-1]),
            ("conflicts", CONFLICTS, self.plan.conflicts),
            ("not_applied", [*LISTED, "reason"], self.plan.not_applied),
        ):
            if len(frame):
                rows = [[code_word(name, value, self.lang) for name, value in row.items()]
                        for row in frame[columns].to_dict("records")]  # fmt: skip
                parts.append(self._table(key, columns, rows))
        return _html("".join(parts)) if parts else ""

    def _table(self, key: str, columns: list[str], rows: list) -> str:
        head = [heading(name, self.lang) for name in columns]
        return "".join(table_parts(key, word(f"editor.{key}", self.lang), head, rows))

    @property
    def page(self) -> str:
        """Some rows of the plan, the edits and the conflicts as HTML, to be read where no kernel runs."""
        told = f"<p>{escape(word('editor.page', self.lang))}</p>"
        return told + _html(self._rows_of(self.plan.table.head(FEW))) + self._lists()

    def __repr__(self) -> str:
        told = word("editor.told", self.lang, edits=len(self.plan.edits), conflicts=len(self.plan.conflicts))
        return f"{word('editor.page', self.lang)}\n{self.plan.in_words().head(FEW).to_string(index=False)}\n{told}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The live form, and the page for places without a kernel."""
        live = self.widget._repr_mimebundle_() or {}
        return live | {"text/html": self.page, "text/plain": repr(self)}


def _html(tables: str) -> str:
    return f'{STYLE}<div class="crmlab-editor">{tables}</div>'


def plan_editor(plan: "Plan", lang: str = "zh", *, by: str, on: date, customer: Any = None) -> PlanEditor:
    """A form in the notebook to change cells of a plan by hand.

    `by` and `on` say who edits on which day, `customer` is the row to begin with (by default the first that has
    features). `editor.plan` is the plan with the edits, each as `Plan.edit` makes it; `editor.take(new_plan)` carries
    them into a plan that was made anew. What `Plan.edit` refuses is told in the form, and the text stays there.
    Raises DataError for a customer who is not in the plan.

    >>> from datetime import date
    >>> import pandas as pd
    >>> from crmlab import type_customers
    >>> from crmlab.serve import make_plan, open_catalogue, type_features
    >>> order = {"customer_id": ["a"], "order_id": ["1"], "order_date": pd.to_datetime(["2026-06-01"]), "amount": [5]}
    >>> result = type_customers(pd.DataFrame(order), as_of="2026-06-17")
    >>> plan = make_plan(result, [type_features(result, "en")], open_catalogue(), agreed={"a"}, policy="activate",
    ...                  lang="en")
    >>> editor = plan_editor(plan, "en", by="staff-3", on=date(2026, 6, 17))
    >>> editor.text.value, editor.why.value = "call first", "an old customer"
    >>> editor.save.click()
    >>> editor.plan.edits[["customer_id", "column", "text", "edited_why"]].values.tolist()
    [['a', 'service', 'call first', 'an old customer']]
    """
    ids = plan.customers.astype("str")
    if customer is None:
        customer = next(iter(plan.features["customer_id"]), ids.iloc[0])
    elif str(customer) not in set(ids):
        raise DataError("serve_no_customer", customer=shown_id(customer))
    return PlanEditor(plan, lang, by=by, on=on, customer=customer)
