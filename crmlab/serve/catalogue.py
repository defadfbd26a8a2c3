"""The catalogue of services as data: one CSV file that people edit, read and checked line by line.

A line has `service` (its id), `zh` and `en`, `applies`, `policy` (blank: in all of them), `channel`, `cost_CNY` (whole
minor units of the currency in its name per customer and period), `capacity` (customers per period; blank: no limit),
`never_for` (codes), `never_with` (ids), `priority` (smaller goes first) and `person` (yes: this is the way to a real
person).

`applies` holds codes with blanks between them. Codes of one kind are alternatives, codes of several kinds must all
hold: "R↓F↑M↑ tier.high" asks for both. A code without its second part takes all of its kind: "complaint" is any
complaint. `everybody` is for all rows, `otherwise` for those that got nothing else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError
from crmlab.rfm.marks import COMBINATIONS
from crmlab.serve.signs import kind_of, known_codes, matches, sign_word
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

POLICIES = ("keep_light", "activate", "self_service")
"""What is done for customers of low value: nothing special until a person decides, an offer, or self-service."""
CHANNELS = ("phone", "sms", "email", "onsite", "wangwang", "meeting", "parcel", "shop", "none")
EVERYBODY, OTHERWISE = "everybody", "otherwise"
COLUMNS = ("service", *LANGUAGES, "applies", "policy", "channel", "capacity", "never_for", "never_with", "priority",
           "person")  # fmt: skip
COST = "cost_"


@dataclass(frozen=True)
class Service:
    """One line of the catalogue; `line` is where it stands in the file (the heading is line 1)."""

    service_id: str
    title: Mapping[str, str] = field(hash=False)
    applies: tuple[str, ...]
    policy: str
    channel: str
    cost: int
    capacity: int | None
    never_for: tuple[str, ...]
    never_with: tuple[str, ...]
    priority: int
    person: bool
    line: int

    @property
    def conditions(self) -> list[tuple[str, ...]]:
        """The codes of `applies` by their kind: one of each has to hold."""
        kinds = dict.fromkeys(map(kind_of, self.applies))
        return [tuple(code for code in self.applies if kind_of(code) == kind) for kind in kinds]

    @property
    def personal(self) -> bool:
        """Whether it depends on who the customer is."""
        return self.applies not in ((EVERYBODY,), (OTHERWISE,))

    @property
    def sure(self) -> bool:
        """Whether everybody whom it is for gets it, as there is no limit and nobody is excepted."""
        return self.capacity is None and not self.never_for


@dataclass(frozen=True)
class Catalogue:
    """The services of a file by priority; `currency` is the one of their costs."""

    currency: str
    services: tuple[Service, ...]

    def of(self, policy: str) -> tuple[Service, ...]:
        """The services of one policy for customers of low value, those of all policies among them."""
        if policy not in POLICIES:
            raise ParameterError("choice", name="policy", value=repr(policy), allowed=", ".join(POLICIES))
        return tuple(service for service in self.services if service.policy in ("", policy))

    @cached_property
    def by_id(self) -> dict[str, Service]:
        return {service.service_id: service for service in self.services}

    def overview(self, lang: str = "zh") -> "pd.DataFrame":
        """The catalogue for people: line, service, applies (in words), low_value_policy, channel, cost (minor units),
        capacity."""
        import pandas as pd

        return pd.DataFrame(
            {
                "line": service.line,
                "service": service.title[lang],
                "applies": asks(service, lang),
                "low_value_policy": service.policy,
                "channel": service.channel,
                "cost": service.cost,
                "capacity": service.capacity,
            }
            for service in self.services
        ).astype({"capacity": "Int64"})


def asks(service: Service, lang: str) -> str:
    """For whom a service is, in words.

    >>> asks(open_catalogue().by_id["first_trial"], "en")
    'R↓F↑M↑; high value'
    """
    kinds = (word("serve.or", lang).join(sign_word(code, lang) for code in codes) for codes in service.conditions)
    return word("list.semicolon", lang).join(kinds)


def open_catalogue(path: str | Path | None = None, *, codes: Collection[str] = ()) -> Catalogue:
    """The catalogue of the house, or one of your own (.csv or .xlsx), checked.

    `codes` are further codes that your features use, such as "need.vegan" or "usual.books".

    Raises DataError, with the file and the line, for a heading that is missing or unknown; a code, policy or channel
    that nobody knows; a text with the sign that stands between services in a cell; a number that is none; an id that
    stands twice; a service that cannot be had with itself; two that cannot be had together with the same priority, so
    that nobody could say which of them stays; and a line for everybody that somebody could lose. And where under one
    policy a combination of marks or a value tier has no service that is sure, where nothing is left for the others, or
    where there is no way to a person.

    >>> catalogue = open_catalogue()
    >>> catalogue.currency, catalogue.by_id["gift_wrap"].cost, catalogue.by_id["person"].person
    ('CNY', 300, True)
    """
    if path is None:
        with as_file(files("crmlab.serve").joinpath("catalogue.csv")) as own:
            return _checked(own, codes)
    return _checked(Path(path), codes)


def _checked(path: Path, codes: Collection[str]) -> Catalogue:
    from crmlab.intake.cells import plain
    from crmlab.intake.grid import read_grids

    file = path.name
    grid = next(read_grids(path), None)
    if grid is None:
        raise DataError("intake_empty", file=file)
    costs = [name for name in grid.headings if name.startswith(COST)]
    lacking = [name for name in COLUMNS if name not in grid.headings] + ([] if len(costs) == 1 else [f"{COST}CNY"])
    foreign = [name for name in grid.headings if name not in (*COLUMNS, *costs)]
    if lacking or foreign:
        raise DataError(
            "serve_headings", file=file, lacking=", ".join(lacking) or "–", foreign=", ".join(foreign) or "–"
        )
    if grid.faults:
        raise DataError("serve_cells", file=file, line=grid.faults[0][0])
    currency = _currency(costs[0].removeprefix(COST), file)
    cells = grid.cells.apply(plain).fillna("")
    known = known_codes() | set(codes)
    services = [_service(file, int(line), row, costs[0], known)
                for line, row in zip(cells.index, cells.to_dict("records"), strict=True)]  # fmt: skip
    _demand_ids(file, services)
    services.sort(key=lambda service: (service.priority, service.line))
    catalogue = Catalogue(currency, tuple(services))
    _demand_covered(file, catalogue)
    return catalogue


def _currency(code: str, file: str) -> str:
    from babel.numbers import list_currencies

    if code not in list_currencies():
        raise DataError("serve_value", file=file, line=1, column=f"{COST}{code}", found=code)
    return code


def _service(file: str, line: int, row: Mapping[str, str], cost: str, known: Collection[str]) -> Service:
    def fault(column: str, found: str) -> DataError:
        return DataError("serve_value", file=file, line=line, column=column, found=found)

    def whole(column: str) -> int:
        if not row[column].isascii() or not row[column].isdigit():
            raise fault(column, row[column])
        return int(row[column])

    for column in ("service", *LANGUAGES, "applies"):
        if not row[column]:
            raise fault(column, "")
    for lang in LANGUAGES:
        if (mark := word("list.semicolon", lang).strip()) in row[lang]:
            raise DataError("serve_mark", file=file, line=line, mark=mark)
    choices = {"policy": ("", *POLICIES), "channel": CHANNELS, "person": ("", "yes")}
    for column, allowed in choices.items():
        if row[column] not in allowed:
            raise fault(column, row[column])
    applies, never_for, never_with = (tuple(row[name].split()) for name in ("applies", "never_for", "never_with"))
    common = applies in ((EVERYBODY,), (OTHERWISE,))
    for column, codes in (("applies", () if common else applies), ("never_for", never_for)):
        for code in codes:
            if code not in known:
                raise DataError("serve_code", file=file, line=line, column=column, found=code)
    service = Service(
        row["service"], {lang: row[lang] for lang in LANGUAGES}, applies, row["policy"], row["channel"], whole(cost),
        whole("capacity") if row["capacity"] else None, never_for, never_with, whole("priority"),
        row["person"] == "yes", line,
    )  # fmt: skip
    if common and not (service.sure and not never_with and not service.policy):
        raise DataError("serve_common", file=file, line=line)
    return service


def _demand_ids(file: str, services: list[Service]) -> None:
    lines: dict[str, Service] = {}
    for service in services:
        if service.service_id in lines:
            first = lines[service.service_id].line
            raise DataError("serve_twice", file=file, line=service.line, first=first, service=service.service_id)
        lines[service.service_id] = service
    for service in services:
        for other in service.never_with:
            if other not in lines or other == service.service_id or not lines[other].personal:
                raise DataError("serve_never_with", file=file, line=service.line, found=other)
            if lines[other].priority == service.priority:
                raise DataError("serve_tie", file=file, line=service.line, other_line=lines[other].line)


def _demand_covered(file: str, catalogue: Catalogue) -> None:
    for policy in POLICIES:
        there = catalogue.of(policy)
        sure = {service.conditions[0] for service in there if service.sure and len(service.conditions) == 1}
        for code in (*COMBINATIONS, "tier.high", "tier.mid", "tier.low"):
            if not any(matches(one, code) for codes in sure for one in codes):
                raise DataError("serve_uncovered", file=file, code=code, policy=policy)
        if not any(service.applies == (OTHERWISE,) for service in there):
            raise DataError("serve_uncovered", file=file, code=OTHERWISE, policy=policy)
        if not any(service.person and service.applies == (EVERYBODY,) for service in there):
            raise DataError("serve_no_person", file=file)
