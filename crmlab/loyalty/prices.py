"""The members' discount as a price rule: published, by level only, the same price for the same level."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.loyalty.scheme import Scheme
from crmlab.money import minor_units_in

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PriceRule:
    """What a product costs at a level. Nothing of a customer but the level can enter a price.

    Automated decisions have to be transparent and fair, without unreasonable differences in price (PIPL art. 24), and
    beside offers picked by personal traits there has to be one that is not (E-Commerce Law art. 18): `table` is the
    same for everybody, and everybody can work out the own price from it.

    Attributes
    ----------
    discounts : dict of str to int
        Level to whole per cent.
    list_prices : dict
        Product to list price in minor units.
    """

    discounts: dict[str, int]
    list_prices: dict[Any, int]

    def price(self, product: Any, level: str) -> int:
        """The price in minor units, half a unit rounded up. Raises DataError for an unknown product or level.

        >>> PriceRule({"basic": 0, "gold": 5}, {"P1": 990}).price("P1", "gold")
        941
        """
        for column, value, there in (("product_id", product, self.list_prices), ("level", level, self.discounts)):
            if value not in there:
                raise DataError("loyalty_no_price", column=column, value=value)
        return (self.list_prices[product] * (100 - self.discounts[level]) + 50) // 100

    def table(self) -> "pd.DataFrame":
        """The published prices: product_id, list_price, then one column member_price_<level> for each level, all in
        minor units."""
        import pandas as pd

        products = list(self.list_prices)
        prices = {f"member_price_{level}": [self.price(product, level) for product in products]
                  for level in self.discounts}  # fmt: skip
        return pd.DataFrame({"product_id": products, "list_price": list(self.list_prices.values()), **prices})

    def quotes(self, members: "pd.DataFrame", product: Any, *, on: Any) -> "pd.DataFrame":
        """What each customer is asked for a product on a day: the columns of `members` as they are (level is one), then
        on, product_id and member_price (minor units)."""
        import pandas as pd

        prices = {level: self.price(product, level) for level in members["level"].unique()}
        return members.assign(on=pd.Timestamp(on), product_id=product, member_price=members["level"].map(prices))


def price_rule(scheme: Scheme, products: "pd.DataFrame") -> PriceRule:
    """The price rule of a scheme for a table of products with product_id and price (the list price in whole units).

    Raises DataError for data without list prices, a product without a price, a price below 0 or with a part of a minor
    unit, or a product that stands there twice.

    >>> import pandas as pd
    >>> from crmlab.loyalty import open_scheme
    >>> rule = price_rule(open_scheme(), pd.DataFrame({"product_id": ["P1"], "price": [9.9]}))
    >>> rule.price("P1", "silver")
    960
    """
    demand_columns({"product": "product_id"}, list(products.columns))
    if products.empty or "price" not in products:
        raise DataError("loyalty_no_list_prices")
    minor = products["price"] * minor_units_in(scheme.currency)
    whole = minor.round()
    faulty = ~((minor - whole).abs() < 1e-6) | (minor < 0) | products["product_id"].duplicated()
    if faulty.any():
        first = ", ".join(map(str, products.loc[faulty, "product_id"].head(3)))
        raise DataError("loyalty_list_price", count=int(faulty.sum()), first=first)
    discounts = {level.key: level.discount_percent for level in scheme.levels}
    return PriceRule(discounts, dict(zip(products["product_id"], whole.astype("int64").tolist(), strict=True)))


def check_fairness(quotes: "pd.DataFrame", *, customer: str = "customer_id") -> "pd.DataFrame":
    """Levels whose customers were asked different prices for the same product on the same day, one row per price.

    `quotes` has on, product_id, level, the customer column and member_price (minor units). Columns of the result: on,
    product_id, level, member_price, customers (who were asked it), and the customer column (the first of them by id);
    the price that the fewest were asked stands first. No row where every level has one price. Raises DataError for a
    missing column.

    >>> import pandas as pd
    >>> asked = pd.DataFrame({"on": "2026-06-17", "product_id": "P1", "level": ["gold", "gold", "basic"],
    ...     "customer_id": ["a", "b", "c"], "member_price": [941, 990, 990]})
    >>> check_fairness(asked)[["level", "member_price", "customers", "customer_id"]].values.tolist()
    [['gold', 941, 1, 'a'], ['gold', 990, 1, 'b']]
    """
    key = ["on", "product_id", "level"]
    columns = [*key, "member_price", customer]
    demand_columns({name: name for name in columns}, list(quotes.columns))
    asked = quotes[columns].drop_duplicates().groupby([*key, "member_price"], as_index=False, dropna=False)
    prices = asked.agg(customers=(customer, "nunique"), **{customer: (customer, "min")})
    several = prices.duplicated(key, keep=False)
    return prices[several].sort_values([*key, "customers", "member_price"], ignore_index=True)
