"""The two files of the Taobao back office: orders, and their lines with refunds."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.incoming.desk import NOBODY
from crmlab.world.incoming.sheet import Cells, Sheet
from crmlab.world.incoming.told import FIRST, Cast, Teller, worded
from crmlab.world.money import to_fen, yuan
from crmlab.world.season import day_of
from crmlab.world.shopping import FIRST_NUMBER, NUMBERS_PER_DAY

STATES = {
    "unpaid": "等待买家付款",
    "paid": "买家已付款，等待卖家发货",
    "shipped": "卖家已发货，等待买家确认",
    "completed": "交易成功",
    "cancelled": "交易关闭",
}
STATE_SHARES = (0.1, 0.2, 0.25, 0.35, 0.1)
RARE = ("王示㐀", "李示𠮷", "张示䶮")
"""Names with a character that GBK cannot hold and GB 18030 can."""
NEXT = {"unpaid": "paid", "paid": "shipped", "shipped": "completed"}
ADVANCED = 3
"""How many orders of the base come in again, one state further, from each state that has a next one."""
TURNED_BACK = 2
REFUNDED = 14
TWICE = 8
"""How many new buyers order twice."""
MONEY = ("{}", "{}", "{}", "{}元", "¥{}")


@dataclass
class Sold:
    """One order as the file tells it; `lines` are product, quantity, fen paid, fen of discount."""

    order_id: str
    buyer: Teller
    at: dt.datetime
    state: str
    channel: str
    lines: list[tuple[Cells, int, int, int]]
    refunded: int = 0

    @property
    def fen(self) -> int:
        return sum(fen for _, _, fen, _ in self.lines)


def taobao(cast: Cast, tables: dict[str, pd.DataFrame]) -> tuple[Sheet, Sheet]:
    """taobao_orders.csv and taobao_details.csv."""
    orders, details = Sheet("taobao_orders", cast.rng), Sheet("taobao_details", cast.rng)
    fresh = list(_fresh(cast, tables["products"].to_dict("records")))
    again = list(_again(cast, tables))
    refunded = {id(sold) for sold in _refundable(cast, fresh)}
    often = Counter(sold.buyer.customer_id for sold in fresh)
    for sold in sorted([*fresh, *again], key=lambda sold: (sold.at, sold.order_id)):
        rows = list(_lines(cast, sold, refund=id(sold) in refunded))
        orders.add(_order(cast, sold), sold.buyer.conflict, whole=sold in again or often[sold.buyer.customer_id] > 1)
        for cells in rows:
            details.add(cells, whole=sold in again or bool(cells["退款金额"]) or len(rows) == 1)
    _turn_back(cast, orders, tables)
    _plant_orders(cast, orders, details)
    _plant_details(details)
    return orders, details


def _fresh(cast: Cast, products: list[Cells]) -> Iterator[Sold]:
    """Orders that the base does not have."""
    new = cast.new(34)
    for teller, name in zip(new, RARE, strict=False):
        teller.told["name"] = name
    buyers = cast.mixed([*cast.known(36, ("phone",)), *new, *new[-TWICE:]])
    for buyer, at in zip(buyers, cast.moments(len(buyers)), strict=True):
        number = FIRST_NUMBER + day_of(at.date().isoformat()) * NUMBERS_PER_DAY + cast.rng.integers(NUMBERS_PER_DAY)
        state = str(cast.rng.choice(CODES["state"], p=STATE_SHARES))
        lines = [
            _line(cast, product) for product in cast.rng.choice(products, int(cast.rng.integers(1, 4)), replace=False)
        ]
        yield Sold(str(number), buyer, at, state, str(cast.rng.choice(["app", "web"])), lines)


def _line(cast: Cast, product: Cells) -> tuple[Cells, int, int, int]:
    quantity = int(cast.rng.integers(1, 3))
    full = to_fen(product["price"]) * quantity
    paid = full * int(cast.rng.choice([100, 90, 85])) // 100
    return product, quantity, paid, full - paid


def _again(cast: Cast, tables: dict[str, pd.DataFrame]) -> Iterator[Sold]:
    """Orders that the base has, one state further now."""
    products = {row["product_id"]: row for row in tables["products"].to_dict("records")}
    for state, later in NEXT.items():
        for order in _some(cast, tables["orders"], state, ADVANCED):
            lines = tables["order_lines"][tables["order_lines"]["order_id"] == order["order_id"]].to_dict("records")
            told = [
                (products[row["product_id"]], int(row["quantity"]), to_fen(row["amount"]), to_fen(row["discount"]))
                for row in lines
            ]
            yield Sold(order["order_id"], _nameless(order), _at(cast, order), later, order["channel"], told)


def _turn_back(cast: Cast, orders: Sheet, tables: dict[str, pd.DataFrame]) -> None:
    """Completed orders of the base that the file calls unpaid."""
    for order in _some(cast, tables["orders"], "completed", TURNED_BACK):
        sold = Sold(order["order_id"], _nameless(order), _at(cast, order), "unpaid", order["channel"], [])
        orders.add(_order(cast, sold), whole=True)
        orders.records[-1].fault = ("state", "illegal_state")


def _some(cast: Cast, orders: pd.DataFrame, state: str, count: int) -> list[Cells]:
    able = orders[(orders["state"] == state) & orders["channel"].isin(["app", "web"])]
    return able.sample(count, random_state=cast.rng).to_dict("records")


def _nameless(order: Cells) -> Teller:
    return Teller({"customer_id": order["customer_id"], "name": "", "phone": ""})


def _at(cast: Cast, order: Cells) -> dt.datetime:
    """A time on the day of an order of the base."""
    start = dt.datetime.combine(dt.date.fromisoformat(order["order_date"]), dt.time(9))
    return start + dt.timedelta(seconds=int(cast.rng.integers(12 * 3600)))


def _refundable(cast: Cast, sold: list[Sold]) -> list[Sold]:
    able = [one for one in sold if one.state == "completed" and one.at.date() < FIRST + dt.timedelta(days=11)]
    return [able[index] for index in cast.rng.permutation(len(able))[:REFUNDED]]


def _order(cast: Cast, sold: Sold) -> Cells:
    rng, waiting = cast.rng, sold.state == "unpaid"
    closed = sold.state == "cancelled"
    paid = "0.00" if waiting or closed else yuan(sold.fen)
    titles = "，".join(product["name_zh"] for product, *_ in sold.lines)
    return {
        "订单编号": f'="{sold.order_id}"',
        "买家会员名": sold.buyer.customer_id,
        "买家应付货款": str(rng.choice(MONEY)).format(yuan(sold.fen)),
        "买家应付邮费": "0.00",
        "买家支付积分": "0",
        "总金额": yuan(sold.fen),
        "返点积分": "0",
        "买家实际支付金额": paid,
        "买家实际支付积分": "0",
        "订单状态": STATES[sold.state],
        "买家留言": str(rng.choice(["", "", "", "请尽快发货", "晚上送，谢谢"])),
        "收货人姓名": sold.buyer.told["name"],
        "收货地址": f"示例省 示例市 示例路{rng.integers(1, 99)}号" if sold.buyer.told["name"] else "",
        "运送方式": "快递",
        "联系手机": f"'{sold.buyer.told['phone']}" if sold.buyer.told["phone"] else "",
        "订单创建时间": sold.at.isoformat(sep=" "),
        "订单付款时间": "" if waiting or closed else (sold.at + dt.timedelta(minutes=2)).isoformat(sep=" "),
        "宝贝标题": titles,
        "宝贝种类": str(len(sold.lines)),
        "物流公司": "示例快递" if sold.state in ("shipped", "completed") else "",
        "宝贝总数量": str(sum(quantity for _, quantity, _, _ in sold.lines)),
        "店铺Id": "0",
        "店铺名称": "小满杂货",
        "订单关闭原因": "买家未付款" if closed else "",
        "卖家服务费": "0元",
        "买家服务费": "0元",
        "是否手机订单": "手机订单" if sold.channel == "app" else "",
        "退款金额": yuan(sold.refunded),
        "打款商家金额": f"{yuan(sold.fen - sold.refunded) if sold.state == 'completed' else '0.00'}元",
    }


def _lines(cast: Cast, sold: Sold, refund: bool) -> Iterator[Cells]:
    """The detail rows of an order; with a refund, one line is paid back in full or in part, as `sold` then knows."""
    back_line = int(cast.rng.integers(len(sold.lines))) if refund else -1
    for number, (product, quantity, fen, discount) in enumerate(sold.lines):
        back = 0
        if number == back_line:
            back = sold.refunded = fen if cast.rng.random() < 0.6 else fen // 3
        yield {
            "子订单编号": f'="{sold.order_id}{number + 1:02d}"',
            "主订单编号": f'="{sold.order_id}"',
            "标题": product["name_zh"],
            "价格": product["price"],
            "购买数量": str(quantity),
            "商品属性": str(cast.rng.choice(["", "规格：默认"])),
            "订单状态": STATES[sold.state],
            "商家编码": product["product_id"],
            "买家实际支付金额": str(cast.rng.choice(MONEY)).format(f"{fen / 100:,.2f}"),
            "优惠金额": yuan(discount),
            "退款状态": "退款成功" if back else "没有申请退款",
            "退款金额": f"{yuan(back)}元" if back else "",
            "退款时间": (sold.at + dt.timedelta(days=3)).isoformat(sep=" ") if back else "",
            "退款原因": worded("reason", str(cast.rng.choice(CODES["reason"]))) if back else "",
        }


def _plant_orders(cast: Cast, orders: Sheet, details: Sheet) -> None:
    def completed(cells: Cells) -> bool:
        return cells["订单状态"] == STATES["completed"]

    nameless = {"收货人姓名": "", "收货地址": "", "联系手机": ""}
    orders.plant("phone", "bad_pattern", ({"联系手机": f"'{cast.short_number()}"} for _ in range(2)))
    times = ("2026-02-30 10:15:00", "2027-13-01 15:20:08")
    refused = [
        *orders.plant("state", "unknown_code", [{"订单状态": "交易处理中"}] * 2),
        *orders.plant("order_date", "bad_date", ({"订单创建时间": time} for time in times)),
        *orders.plant("customer_id", "missing", [{"买家会员名": "", **nameless}] * 2),
        *orders.plant("customer_id", "orphan", ({"买家会员名": nobody, **nameless} for nobody in NOBODY[:2])),
    ]
    gone = {record.cells["订单编号"] for record in refused}
    details.records = [record for record in details.records if record.cells["主订单编号"] not in gone]
    orders.repeat("order_id", [{}, {}, *[{"订单状态": STATES["paid"]}] * 2], completed)


def _plant_details(details: Sheet) -> None:
    orphan = ("2619999999999999901", "2619999999999999902")
    details.plant("order_id", "orphan", ({"主订单编号": f'="{one}"', "子订单编号": f'="{one}01"'} for one in orphan))
    details.plant("product_id", "orphan", [{"商家编码": "P998"}, {"商家编码": "P999"}])
    details.plant("product_id", "missing", [{"商家编码": ""}] * 2)
    details.plant("quantity", "out_of_range", [{"购买数量": "0"}, {"购买数量": "-1"}])
    details.plant("amount", "out_of_range", [{"买家实际支付金额": "-5.00"}] * 2)
    details.plant("amount", "bad_number", [{"买家实际支付金额": "面议"}] * 2)
    details.repeat("order_id", [{}, {}, {"购买数量": "7"}, {"购买数量": "8"}])
    refunds = [record for record in details.records if record.cells["退款金额"]]
    changes = [
        ("reason", "unknown_code", {"退款原因": "说不清"}),
        ("reason", "unknown_code", {"退款原因": "说不清"}),
        ("refund_date", "bad_date", {"退款时间": "2026-02-30 10:15:00"}),
        ("refund_date", "bad_date", {"退款时间": "2027-13-01 15:20:08"}),
    ]
    for record, (column, reason, change) in zip(refunds, changes, strict=False):
        record.cells |= change
        record.fault = (column, reason)
