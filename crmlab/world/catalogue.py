"""What the shop sells, and how a customer's basket is filled."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from crmlab.world.drawing import place_of
from crmlab.world.money import yuan

LIKED = {
    "coffee": 5.0,
    "tea": 3.2,
    "snacks": 3.6,
    "kitchen": 0.7,
    "bedding": 1.1,
    "sport": 1.2,
    "baby": 1.0,
    "pet": 1.2,
}
"""How much the categories are liked, as weights of a Dirichlet draw per customer."""
FILTERS = "咖啡滤纸 100 张"
"""What is often bought together with coffee."""
WITH_FILTERS = 0.5
MOST_LINES = 6
CHARM_BELOW = 300
"""Prices under so many yuan end in .90."""
TEXTS = ("category", "kind", "name_zh", "name_en", "short_zh", "short_en")


@cache
def read(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a data file of this package."""
    with files("crmlab.world").joinpath(name).open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@dataclass(frozen=True)
class Product:
    """One article, its price in fen. People call it `short_zh` or `short_en`; `kind` says what fits it."""

    product_id: str
    category: str
    kind: str
    name_zh: str
    name_en: str
    short_zh: str
    short_en: str
    fen: int
    popularity: int


@dataclass(frozen=True)
class Line:
    """One order line; `fen` is what is paid for it, after `discount` fen."""

    product: Product
    quantity: int
    fen: int
    discount: int


def draw_products(rng: np.random.Generator) -> list[Product]:
    """The catalogue of one world: same articles, other prices (within 6 %) and other ids for another seed."""
    rows = read("catalogue.csv")
    numbers = rng.permutation(len(rows)) + 1
    products = []
    for row, number in zip(rows, numbers, strict=True):
        whole = round(int(row["yuan"]) * float(rng.uniform(0.94, 1.06)))
        fen = whole * 100 - (10 if whole < CHARM_BELOW else 0)
        texts = {name: row[name] for name in TEXTS}
        products.append(Product(f"P{number:03d}", **texts, fen=fen, popularity=int(row["popularity"])))
    return sorted(products, key=lambda product: product.product_id)


def to_table(products: list[Product]) -> pd.DataFrame:
    """The products table, all text."""
    columns = ("product_id", "category", "name_zh", "name_en")
    rows = [{**{name: getattr(product, name) for name in columns}, "price": yuan(product.fen)} for product in products]
    return pd.DataFrame(rows)


class Shelf:
    """The products as arrays, to draw from quickly."""

    def __init__(self, products: list[Product]):
        self.products = products
        self.fen = np.array([product.fen for product in products])
        self.popularity = np.array([float(product.popularity) for product in products])
        self.category = np.array([product.category for product in products])
        self.coffee = self.category == "coffee"
        self.filters = next(number for number, product in enumerate(products) if product.name_zh == FILTERS)

    def taste(self, rng: np.random.Generator, big_spender: bool, never: str) -> np.ndarray:
        """One customer's weight for each product. Big spenders want kitchen machines; `never` is left out."""
        shares = dict(zip(LIKED, rng.dirichlet([weight * 0.5 for weight in LIKED.values()]) + 0.004, strict=True))
        if big_spender:
            shares["kitchen"] = shares["kitchen"] * 2 + 0.15
        shares[never] = 0.0
        return self.popularity * [shares[category] for category in self.category]

    def fill(
        self,
        rng: np.random.Generator,
        taste: np.ndarray,
        fen: int,
        percent_off: int,
        coffee: bool | None = None,
        unspent: float = 0.3,
    ) -> list[Line]:
        """Lines for at most `fen`, until no more than the share `unspent` of it is left.

        `coffee` True puts coffee in (even above `fen`), False keeps it out.
        """
        price = self.fen * (100 - percent_off) // 100
        weights = taste * ~self.coffee if coffee is False else taste.copy()
        left, lines = fen, []
        while len(lines) < MOST_LINES and left > fen * unspent:
            weight = weights * (price <= left) * (price / max(left, 1)) ** 1.5
            if coffee and not lines:
                weight = self._coffee(weights, price, left)
            if not weight.any():
                break
            chosen = place_of(rng, weight)
            for number in self._with_filters(rng, chosen, left - price[chosen], price, weights):
                quantity = _quantity(rng, int(price[number]), left)
                saved = int(self.fen[number] - price[number]) * quantity
                lines.append(Line(self.products[number], quantity, int(price[number]) * quantity, saved))
                left -= int(price[number]) * quantity
                weights[number] = 0
        return lines

    def _coffee(self, weights: np.ndarray, price: np.ndarray, left: int) -> np.ndarray:
        weight = self.coffee * (weights + 1e-6)
        affordable = weight * (price <= left)
        return affordable if affordable.any() else weight * (price == price[self.coffee].min())

    def _with_filters(
        self, rng: np.random.Generator, chosen: int, left: int, price: np.ndarray, weights: np.ndarray
    ) -> list[int]:
        fits = self.coffee[chosen] and weights[self.filters] > 0 and price[self.filters] <= left
        return [chosen, self.filters] if fits and rng.random() < WITH_FILTERS else [chosen]


def _quantity(rng: np.random.Generator, price: int, left: int) -> int:
    if price > 15_000 or rng.random() < 0.78:
        return 1
    return max(1, min(left // price, int(rng.integers(2, 4))))
