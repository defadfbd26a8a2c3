"""The personalised-service table: customer, features, service, and behind every cell its rule and what it rests on."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import compress, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError, ParameterError
from crmlab.money import format_money
from crmlab.serve import edits as human
from crmlab.serve.allot import GIVEN, WAITING, Allotment
from crmlab.serve.catalogue import Catalogue
from crmlab.serve.returned import changed_cells, headings, read_edit_list
from crmlab.serve.signs import LEVELS
from crmlab.words import word

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crmlab.rfm import RFM


@dataclass(frozen=True, repr=False, eq=False)
class Plan:
    """The plan for all customers of a result.

    `table` has exactly customer_id, customer_features and service, a row per customer. `features` are those that the
    plan rests on (see `crmlab.serve.features`), `counts` says what became of all that were given: features = used +
    not_agreed (of customers who did not agree to profiling) + no_customer (of customers who are not in the result) +
    not_personalised + repeated (the same rule for the same customer once more). `agreed` is the number of customers who
    agreed, or None where nobody knows: then the plan is an exercise, and nobody may be contacted by it. `edits` are the
    changes by people (see `crmlab.serve.edits`).
    """

    result: "RFM"
    catalogue: Catalogue
    policy: str
    personalised: bool
    lang: str
    features: "pd.DataFrame"
    counts: dict[str, int]
    agreed: int | None
    taking_part: "np.ndarray"
    allotment: Allotment
    edits: "pd.DataFrame"

    @property
    def customers(self) -> "pd.Series":
        return self.result.customers[self.result.customer_column].rename("customer_id")

    @cached_property
    def machine(self) -> "pd.DataFrame":
        """The table as it would be without edits by people."""
        table = self.customers.to_frame()
        return table.assign(customer_features=self._feature_texts(), service=self._service_texts())

    def _feature_texts(self) -> "pd.Series":
        """The features of each customer, joined; they stand by customer."""
        import numpy as np
        import pandas as pd

        said, mark = self.features["feature"].tolist(), word("list.semicolon", self.lang)
        places = self._index.get_indexer(self.features["customer_id"].astype("str"))
        first = np.searchsorted(places, np.arange(len(self.customers) + 1))
        texts = [mark.join(said[start:end]) for start, end in pairwise(first.tolist())]
        return pd.Series(texts, dtype="str", index=self.customers.index)

    def _service_texts(self) -> "pd.Series":
        """The titles of what each customer gets; equal rows of services share their text."""
        import numpy as np
        import pandas as pd

        services = self.allotment.services
        given = np.column_stack([self.allotment.status[one.service_id] == GIVEN for one in services])
        packed, which = np.unique(np.packbits(given, axis=1), axis=0, return_inverse=True)
        kinds = np.unpackbits(packed, axis=1, count=len(services)).astype(bool)
        mark = word("list.semicolon", self.lang)
        titles = [one.title[self.lang] for one in services]
        texts = [mark.join(dict.fromkeys(compress(titles, row))) for row in kinds]
        return pd.Series(texts, dtype="str").take(which.reshape(-1)).set_axis(self.customers.index)

    @cached_property
    def _edited(self) -> human.Edited:
        return human.applied(self)

    @property
    def table(self) -> "pd.DataFrame":
        """The plan: customer_id, customer_features, service. Cells that a person changed stay as changed."""
        return self._edited.table

    def in_words(self) -> "pd.DataFrame":
        """The table under its headings in words, as it is exported: 顾客ID, 客户特征, 个性化服务."""
        return self.table.rename(columns=headings(self.lang))

    @property
    def conflicts(self) -> "pd.DataFrame":
        """Cells that a person changed and for which the machine now proposes something else: customer_id, column, text
        (the person's, which stays), proposed (by the machine then), proposed_now, edited_by, edited_on, edited_why."""
        return self._edited.conflicts

    @property
    def not_applied(self) -> "pd.DataFrame":
        """Edits that change nothing, with the reason: customer_id, column, text, edited_by, edited_on,
        edited_why, reason."""
        return self._edited.not_applied

    @cached_property
    def waiting(self) -> "pd.DataFrame":
        """Who waits for a service whose capacity is used up: service, customer_id, queue_place (1 is next)."""
        import pandas as pd

        lists = [pd.DataFrame({"service": [], "customer_id": self.customers[:0], "queue_place": []})]
        lists[0] = lists[0].astype({"service": "str", "queue_place": "int64"})
        for service in self.allotment.services:
            if service.capacity is None:
                continue
            waits = self.allotment.status[service.service_id] == WAITING
            place = self.allotment.place[service.service_id][waits] - service.capacity
            own = pd.DataFrame({"customer_id": self.customers[waits], "queue_place": place})
            lists.append(own.assign(service=service.title[self.lang]).sort_values("queue_place"))
        return pd.concat(lists, ignore_index=True)

    def customers_of(self, service_id: str) -> "pd.DataFrame":
        """The customers who get a service, for the next step (tasks, messages): customer_id, sorted.

        Where a person changed the service cell of a customer, the machine no longer knows what was agreed: such
        customers are left to that person. Raises ParameterError for a service that the plan does not have, and
        DataError where the plan is an exercise, for nobody may be contacted by it.
        """
        if service_id not in self.allotment.status:
            there = ", ".join(self.allotment.status)
            raise ParameterError("choice", name="service_id", value=repr(service_id), allowed=there)
        if self.agreed is None:
            raise DataError("serve_exercise")
        used = self._edited.used
        by_hand = self._index.isin(used.loc[used["column"] == "service", "customer_id"])
        given = (self.allotment.status[service_id] == GIVEN) & ~by_hand
        return self.customers[given].to_frame().reset_index(drop=True)

    def budget(self) -> "pd.DataFrame":
        """What the plan comes to: service_id, service, channel, capacity, planned (customers), waiting (customers),
        unit_cost and cost (minor units of the catalogue's currency). Changes by people have no price and do not count.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "service_id": one.service_id,
                "service": one.title[self.lang],
                "channel": one.channel,
                "capacity": one.capacity,
                "planned": self.allotment.count(one, GIVEN),
                "waiting": self.allotment.count(one, WAITING),
                "unit_cost": one.cost,
                "cost": one.cost * self.allotment.count(one, GIVEN),
            }
            for one in self.allotment.services
        ).astype({"capacity": "Int64"})

    def by_tier(self) -> "pd.DataFrame":
        """Customers who get each service, by value tier: a row per service, the columns low, mid, high and unknown."""
        import numpy as np
        import pandas as pd

        signs = {level: self._shows(f"tier.{level}") for level in LEVELS}
        signs["unknown"] = ~np.logical_or.reduce(list(signs.values()))
        return pd.DataFrame(
            {level: [int((own & (self.allotment.status[one.service_id] == GIVEN)).sum())
                     for one in self.allotment.services] for level, own in signs.items()},
            index=[one.title[self.lang] for one in self.allotment.services],
        )  # fmt: skip

    def _shows(self, rule: str) -> "np.ndarray":
        return self.customers.isin(self.features.loc[self.features["rule"] == rule, "customer_id"]).to_numpy()

    def why(self, customer_id: Any) -> "pd.DataFrame":
        """Behind the cells of one customer: column, said, rule, evidence, basis.

        Each feature has its rule, the value beside the threshold or the words that were said, and what it rests on.
        Each service has its line in the catalogue, for whom it is, its cost, and its place in the queue where there is
        a limit; those that were declined, forbidden or are waited for follow with the reason. Edits by people come
        last. Raises DataError for a customer who is not in the plan.
        """
        from crmlab.serve.why import reasons

        return reasons(self, customer_id)

    @cached_property
    def _index(self) -> "pd.Index":
        import pandas as pd

        return pd.Index(self.customers.astype("str"))

    def places_of(self, ids: "pd.Series") -> "np.ndarray":
        """The row of each customer in the table, -1 for one who is not there. Ids are compared as texts."""
        return self._index.get_indexer(ids.astype("str"))

    def edit(self, customer_id: Any, column: str, text: str, *, by: str, on: date, why: str) -> "Plan":
        """The plan with one cell as a person wants it; it stays so when the plan is made again (see `reopen`).

        `column` is customer_features or service; `by` and `why` say who changed it and for what reason. The way to a
        person stays in every service cell. Raises DataError for another column, for a customer who is not in the plan
        or did not agree to profiling, where `by` or `why` is blank, for phone numbers or mails in the text, and for a
        text of more than 10,000 characters.
        """
        return replace(self, edits=human.added(self, [(str(customer_id), column, text)], by=by, on=on, why=why))

    def read_edits(
        self, path: str | Path, *, by: str, on: date, why: str, exported: str | Path | None = None
    ) -> "Plan":
        """The plan with the cells that a person changed in its export (.csv or .xlsx), each as an edit.

        What is a change is seen against `exported`, the file plan_exported.csv that `save` wrote; by default the one
        beside `path`, and where there is none, against this plan. Rows may stand in any order, and rows that were
        deleted change nothing. Raises DataError for other columns than the three, for a customer who stands there twice
        or was not in the export, for rows that cannot be read, formulas without a saved result, errors such as #REF!
        and merged cells, for a column that was sorted by itself, and for what `edit` refuses.
        """
        found = changed_cells(self, Path(path), Path(exported) if exported else None)
        cells = zip(found["customer_id"], found["column"], found["text"], strict=True)
        return replace(self, edits=human.added(self, cells, by=by, on=on, why=why, proposed=found["proposed"].tolist()))

    def reopen(self, folder: str | Path) -> "Plan":
        """This plan with the edits that `save` wrote into a folder, and its own after them. Without a file of edits
        there it stays as it is. To take an edit back, delete its row in that file. Raises DataError for a file that
        holds no edits, or some that `edit` would refuse for what they say."""
        import pandas as pd

        there = read_edit_list(Path(folder))
        if there is None:
            return self
        return replace(self, edits=pd.concat([there, self.edits], ignore_index=True).drop_duplicates(ignore_index=True))

    def save(self, folder: str | Path) -> None:
        """Write the plan into a folder: plan.csv and plan.xlsx with exactly three columns, and beside them
        plan_evidence.csv, plan_waiting.csv, plan_edits.csv, plan_conflicts.csv and, to see later what people changed,
        plan_exported.csv. With an empty `folder` nothing is written. CSV files are utf-8 with a mark, and a text that a
        spreadsheet would take for a formula has an apostrophe before it. A plan that is an exercise says so in
        plan_exercise.txt. Raises DataError where the folder holds changes by people that this plan does not have: read
        them first, by `reopen` and `read_edits`."""
        from crmlab.serve.export import save_plan

        if str(folder):
            save_plan(self, Path(folder))

    def describe(self, lang: str | None = None) -> str:
        """The plan in words: customers, features, services, cost, who waits, and what is missing."""
        lang = lang or self.lang
        with_own = len(self.customers) - self._standard
        money = format_money(self.allotment.cost, self.catalogue.currency, lang)
        lines = [
            word("plan.customers", lang, customers=len(self.customers), own=with_own, standard=self._standard),
            word("plan.policy", lang, policy=word(f"policy.{self.policy}", lang)),
            word("plan.features", lang, given=sum(self.counts.values()), **self.counts),
            word(
                "plan.cost", lang, money=money, waiting=self.waiting["customer_id"].nunique(), places=len(self.waiting)
            ),
            word("plan.queue", lang),
        ]
        if not self.personalised:
            lines.append(word("plan.same_for_all", lang))
        if len(self.edits):
            lines.append(word("plan.edits", lang, applied=len(self._edited.used), conflicts=len(self.conflicts),
                              not_applied=len(self.not_applied)))  # fmt: skip
        lines.append(word("plan.exercise" if self.agreed is None else "plan.no_permission", lang))
        return "\n".join(lines)

    @property
    def _standard(self) -> int:
        """Customers who get only what everybody gets."""
        import numpy as np

        own = [self.allotment.status[one.service_id] == GIVEN for one in self.allotment.services if one.personal]
        return int((~np.logical_or.reduce(own)).sum())

    def __repr__(self) -> str:
        return self.describe()
