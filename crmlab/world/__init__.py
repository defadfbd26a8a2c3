"""The teaching world: one invented shop before the 618 festival of 2026, and the hidden truth about it.

Everything is drawn from a seed: the same seed gives the same bytes, another seed gives other rows in the same
shape.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.world import (
    answers,
    behaviour,
    catalogue,
    contacts,
    contentment,
    delivering,
    people,
    planting,
    refunding,
    season,
    service,
    shopping,
    truth,
    voices,
)
from crmlab.world.incoming import draw_incoming
from crmlab.world.write import write_cards, write_world

__all__ = ["World", "make_world", "write_cards", "write_world"]

SEED = 618
STEPS = (
    "plan",
    "people",
    "consents",
    "products",
    "orders",
    "refunds",
    "events",
    "service",
    "texts",
    "answers",
    "second_thoughts",
    "deliveries",
    "calls",
    "satisfaction",
    "suppressions",
    "incoming",
    "agents",
    "decoys",
)
"""Each step draws from its own stream, so that a change in one leaves the others as they are."""


@dataclass(frozen=True)
class World:
    """`tables` are what students get, `incoming` the files to be added to them, as bytes by file name; `truth` is for
    the grader alone. Every cell is text; a blank is ""."""

    seed: int
    tables: dict[str, pd.DataFrame]
    incoming: dict[str, bytes]
    truth: dict[str, pd.DataFrame]


def make_world(seed: int = SEED) -> World:
    """Draw the whole world from `seed`, a whole number of 0 or more. Takes a few seconds.

    >>> world = make_world(618)
    >>> len(world.tables["customers"])
    1200
    """
    draw = {step: np.random.default_rng([seed, number]) for number, step in enumerate(STEPS)}
    plans = planting.draw_plans(draw["plan"])
    persons = people.draw_people(draw["people"], plans)
    consents = people.draw_consents(draw["consents"], persons)
    products = catalogue.draw_products(draw["products"])
    orders = shopping.draw_orders(draw["orders"], plans, persons, products)
    refunds = refunding.draw_refunds(draw["refunds"], orders, plans)
    events, searched = behaviour.draw_events(draw["events"], plans, persons, products, orders)
    said = voices.draw_texts(draw["texts"], draw["decoys"], persons, orders)
    survey, recall = answers.draw_answers(draw["answers"], persons, consents, orders, refunds)
    consents = people.withdraw(draw["second_thoughts"], consents, "survey", survey["customer_id"])
    satisfaction, careless = contentment.draw_satisfaction(draw["satisfaction"], consents, orders)
    records = service.draw_service(draw["service"], persons, orders, refunds)
    records["agent"], agents = service.draw_agents(draw["agents"], records)
    heads, lines = shopping.to_tables(orders)
    tables = {
        "customers": persons.drop(columns="pinyin"),
        "consents": consents,
        "products": catalogue.to_table(products),
        "campaigns": season.campaigns_table(),
        "orders": heads,
        "order_lines": lines,
        "refunds": refunds,
        "events": events,
        "service_records": records,
        "texts": said.texts,
        "survey_answers": survey,
        "deliveries": delivering.draw_deliveries(draw["deliveries"], orders),
        "calls": contacts.draw_calls(draw["calls"], persons),
        "satisfaction_answers": satisfaction,
        "suppressions": contacts.draw_suppressions(draw["suppressions"], persons, consents),
    }
    tables = {name: table.reset_index(drop=True) for name, table in tables.items()}
    incoming = draw_incoming(draw["incoming"], persons, tables)
    hidden = {
        "types": truth.types_table(plans),
        "needs": truth.needs_table(said.needs, searched),
        "habits": truth.habits_table(plans, orders),
        "latent": truth.latent_table(plans),
        "recall": recall,
        "declined": said.declined,
        "complaints": said.complaints,
        "planted_personal": said.personal,
        "careless": careless,
        "agents": agents,
        **incoming.truth,
    }
    hidden = {name: table.reset_index(drop=True) for name, table in hidden.items()}
    return World(seed, tables, incoming.files, hidden)
