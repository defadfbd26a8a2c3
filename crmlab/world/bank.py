"""A second invented trade: clients of a bank who buy financial products. Assets stand where a shop has orders.

Drawn from the seed by a stream of its own, so that the shop stays as it is.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.money import yuan
from crmlab.world.season import AS_OF, LAST_DAY, date_of

STREAM = 132
CLIENTS = 600
SIZES = {"large": 0.12, "mid": 0.33, "small": 0.55}
BOUGHT = {"large": (900_000, 5_000_000), "mid": (90_000, 400_000), "small": (3_000, 40_000)}
"""Yuan that a client of this size buys for in two years, before redemptions."""
DEALS = {"large": 4.0, "mid": 2.0, "small": 1.0}
"""Mean of the deals after the first one."""
PREFERENCES = {"cautious": 0.42, "balanced": 0.36, "bold": 0.22}
NOT_ASKED = 0.12
CLASSES = ("deposit", "money_fund", "bonds", "equity_fund", "insurance")
SHARES = {
    "cautious": (0.52, 0.25, 0.11, 0.02, 0.1),
    "balanced": (0.22, 0.26, 0.3, 0.12, 0.1),
    "bold": (0.14, 0.16, 0.2, 0.4, 0.1),
    "large_bold": (0.04, 0.06, 0.08, 0.78, 0.04),
}
"""How often a preference buys each class; the last row is the planted finding."""
REDEEMED = 0.37
"""Chance that a deal other than insurance is redeemed, where the day of it is not yet to come."""
AGES = (0.06, 0.22, 0.27, 0.23, 0.22)
AGREED = {"analysis": 0.95, "financial": 0.87}
WITHDRAWN = 0.05
ABOUT = f"""\
name = "guyu"
title_zh = "谷雨银行：理财客户"
title_en = "Guyu Bank: clients and their assets"
as_of = "{AS_OF}"
currency = "CNY"
seed = {{seed}}
case = "bank"
# Assets and investment preference are sensitive personal data. This line says that the bank asked its clients for a
# consent of its own to their use, as the purpose "financial" of consents.csv. Without the line no row is read.
separate_consent = true
# This key is public and hides nothing; it makes the lessons the same everywhere. Your own data get a key of your own.
public_key = "guyu: a key that everybody knows"
"""


@dataclass(frozen=True)
class Bank:
    """`tables` are what students get: clients, deals, consents. `truth` has the size, the true preference and the
    taste (a key of SHARES) of each client. Every cell is text; a blank is ""."""

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame


def make_bank(seed: int) -> Bank:
    """Draw the bank of `seed`, a whole number of 0 or more.

    >>> bank = make_bank(618)
    >>> len(bank.tables["clients"]), list(bank.tables["consents"])
    (600, ['client_id', 'purpose', 'given_on', 'withdrawn_on'])
    """
    rng = np.random.default_rng([seed, STREAM])
    truth = _draw_truth(rng)
    clients = _draw_clients(rng, truth)
    deals = pd.DataFrame([deal for client in truth.itertuples() for deal in _draw_deals(rng, client)])
    deals = deals.sort_values(["deal_date", "client_id"], kind="stable", ignore_index=True)
    deals.insert(0, "deal_id", [f"D{number:05d}" for number in range(1, len(deals) + 1)])
    return Bank({"clients": clients, "deals": deals, "consents": _draw_consents(rng, truth)}, truth)


def bank_files(seed: int) -> dict[str, bytes]:
    """The files of the folder that `crmlab run --data` opens: the tables as CSV, and data.toml."""
    tables = make_bank(seed).tables
    files = {f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()}
    return {name: text.encode() for name, text in {**files, "data.toml": ABOUT.format(seed=seed)}.items()}


def _draw_truth(rng: np.random.Generator) -> pd.DataFrame:
    size = rng.choice(list(SIZES), CLIENTS, p=list(SIZES.values()))
    preference = rng.choice(list(PREFERENCES), CLIENTS, p=list(PREFERENCES.values()))
    taste = np.where((size == "large") & (preference == "bold"), "large_bold", preference)
    ids = [f"K{number:04d}" for number in range(1, CLIENTS + 1)]
    return pd.DataFrame({"client_id": ids, "size": size, "preference": preference, "taste": taste})


def _draw_clients(rng: np.random.Generator, truth: pd.DataFrame) -> pd.DataFrame:
    opened = -(2_500 * rng.random(CLIENTS) ** 2).astype(int)
    return pd.DataFrame(
        {
            "client_id": truth["client_id"],
            "preference": truth["preference"].where(rng.random(CLIENTS) >= NOT_ASKED, ""),
            "age_range": rng.choice(CODES["age_range"], CLIENTS, p=AGES),
            "opened_on": [date_of(day).isoformat() for day in opened],
        }
    )


def _draw_deals(rng: np.random.Generator, client: object) -> list[dict[str, str]]:
    """The purchases of one client. Some of them are redeemed later, all or half of them; insurance never is."""
    low, high = np.log(BOUGHT[client.size])
    weights = rng.dirichlet(np.full(1 + rng.poisson(DEALS[client.size]), 4.0))
    total = np.exp(rng.uniform(low, high))
    deals = []
    for weight in weights:
        day = int(rng.integers(0, LAST_DAY))
        hundreds = max(int(total * weight / 100), 10)
        product_class = str(rng.choice(CLASSES, p=SHARES[client.taste]))
        later = day + int(rng.integers(30, 500))
        gone = later <= LAST_DAY and product_class != "insurance" and rng.random() < REDEEMED
        redeemed = hundreds if rng.random() < 0.4 else hundreds // 2
        deals.append(
            {
                "client_id": client.client_id,
                "deal_date": date_of(day).isoformat(),
                "product_class": product_class,
                "amount": yuan(hundreds * 10_000),
                "redeemed": yuan(redeemed * 10_000) if gone else "",
                "redeemed_on": date_of(later).isoformat() if gone else "",
            }
        )
    return deals


def _draw_consents(rng: np.random.Generator, truth: pd.DataFrame) -> pd.DataFrame:
    """Consent to analysis and, apart from it, to the use of financial data; a few clients withdraw."""
    rows = []
    for client_id in truth["client_id"]:
        for purpose, share in AGREED.items():
            if rng.random() < share:
                given = int(rng.integers(0, 120))
                withdrawn = date_of(given + int(rng.integers(10, 600))).isoformat() if rng.random() < WITHDRAWN else ""
                rows.append((client_id, purpose, date_of(given).isoformat(), withdrawn))
    return pd.DataFrame(rows, columns=["client_id", "purpose", "given_on", "withdrawn_on"])
