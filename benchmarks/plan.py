"""Time the plan of personalised services: `python benchmarks/plan.py --date DAY`.

Prints a Markdown table of seconds by step and of the peak of memory, beside plain pandas that merges the same features
into the same three columns, with a text per type and no evidence, consent, capacity or check. Each runs in a process of
its own, on generated orders, texts and views; the seconds of the steps before the features are told apart.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd

SEED = 618
ORDERS_PER_CUSTOMER = 6
CATEGORIES = ("coffee", "tea", "snacks", "kitchen", "bedding", "sport", "baby", "pet")
NEEDS = ("decaf", "low_sugar", "gift_wrap", "invoice", "subscription", "spare_parts")
AS_OF = "2026-06-17"


def make(customers: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Order lines, needs as `find_needs` gives them (a third of the customers, one in ten declined), and views."""
    draw = np.random.default_rng(SEED)
    ids = np.array([f"C{number:08d}" for number in range(customers)])
    orders = 1 + draw.poisson(ORDERS_PER_CUSTOMER - 1, customers)
    lines = pd.DataFrame({"customer_id": np.repeat(ids, orders)})
    n = len(lines)
    lines["order_id"] = [str(number) for number in range(n)]
    lines["order_date"] = pd.Timestamp(AS_OF) - pd.to_timedelta(draw.integers(0, 500, n), unit="D")
    lines["amount"] = draw.lognormal(4, 1, n).round(2)
    lines["category"] = draw.choice(CATEGORIES, n)
    lines["discount"] = draw.choice([0.0, 5.0], n)
    who = draw.choice(ids, customers // 2)
    needs = pd.DataFrame({"customer_id": who, "text_id": [f"T{number}" for number in range(len(who))]})
    needs = needs.assign(
        kind="need", tag=draw.choice(NEEDS, len(who)), span="words", negated=draw.random(len(who)) < 0.1
    )
    events = pd.DataFrame({"customer_id": np.repeat(ids[: customers // 20], 6), "product_id": "tea", "event": "view"})
    events["event_id"] = [f"E{number}" for number in range(len(events))]
    return lines, needs, events.assign(event_time=pd.Timestamp(AS_OF))


def groups(lines: pd.DataFrame, events: pd.DataFrame) -> dict:
    from crmlab import type_customers
    from crmlab.grouping import facts, lifecycle, named_groups, value_tiers
    from crmlab.needs import latent_needs
    from crmlab.patterns import preferences, purchase_lines

    result = type_customers(lines, as_of=AS_OF, window=365)
    usual = preferences(purchase_lines(lines, result, category="category", discount="discount"))
    goods = pd.DataFrame({"product_id": CATEGORIES, "category": CATEGORIES})
    return {
        "result": result,
        "usual": usual,
        "tiers": value_tiers(result),
        "stages": lifecycle(result),
        "named": named_groups(facts(result, usual)),
        "latent": latent_needs(events, lines, goods),
    }


def crmlab_plan(known: dict, needs: pd.DataFrame) -> dict[str, tuple[float, float]]:
    from crmlab import serve

    clock = Clock()
    features = [
        serve.type_features(known["result"], "zh"),
        serve.tier_features(known["tiers"], "zh"),
        serve.stage_features(known["stages"], "zh"),
        serve.group_features(known["named"], "zh"),
        serve.usual_features(known["usual"], "zh"),
        serve.need_features(needs, "zh"),
        serve.latent_features(known["latent"], "zh"),
    ]
    clock.stop("features with evidence")
    agreed = known["result"].customers["customer_id"]
    plan = serve.make_plan(known["result"], features, serve.open_catalogue(), agreed=agreed, policy="activate")
    plan.table  # noqa: B018
    clock.stop("plan")
    plan.why(agreed.iloc[0])
    clock.stop("why, one customer")
    with tempfile.TemporaryDirectory() as folder:
        plan.save(folder)
    clock.stop("files, csv and xlsx")
    return clock.steps


def plain_pandas(known: dict, needs: pd.DataFrame) -> dict[str, tuple[float, float]]:
    from crmlab.serve import open_catalogue

    services = {code: one.title["zh"] for one in open_catalogue().of("activate") for code in one.applies}
    clock = Clock()
    table = known["result"].customers[["customer_id", "r_mark", "f_mark", "m_mark"]]
    marks = "R" + table["r_mark"] + "F" + table["f_mark"] + "M" + table["m_mark"]
    table = table[["customer_id"]].assign(marks=marks)
    table = table.merge(known["tiers"][["customer_id", "value_tier"]], on="customer_id", how="left")
    table = table.merge(known["stages"].table[["customer_id", "stage"]], on="customer_id", how="left")
    table = table.merge(known["usual"][["customer_id", "top_category"]], on="customer_id", how="left")
    asked = needs[~needs["negated"]].drop_duplicates(["customer_id", "tag"])
    asked = asked.groupby("customer_id")["tag"].agg("；".join).reset_index()
    table = table.merge(asked, on="customer_id", how="left").merge(known["latent"].table, on="customer_id", how="left")
    columns = ["marks", "value_tier", "stage", "top_category", "tag", "category"]
    parts = table[columns].fillna("")
    features = parts[columns[0]].str.cat([parts[name] for name in columns[1:]], sep="；")
    service = table["marks"].map(services).fillna("") + "；" + ("tier." + table["value_tier"]).map(services).fillna("")
    pd.DataFrame({"customer_id": table["customer_id"], "customer_features": features, "service": service})
    clock.stop("plan")
    return clock.steps


class Clock:
    """Seconds on the clock and of the processor, of each step since the last one."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}
        self.start = time.perf_counter(), time.process_time()

    def stop(self, name: str) -> None:
        now = time.perf_counter(), time.process_time()
        self.steps[name] = now[0] - self.start[0], now[1] - self.start[1]
        self.start = now


def run(name: str, customers: int) -> None:
    """One contestant in this process; prints its steps and its peak."""
    clock = Clock()
    lines, needs, events = make(customers)
    clock.stop("generate")
    known = groups(lines, events)
    clock.stop("typing, tiers, stages, groups")
    steps = CONTESTANTS[name](known, needs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"before": clock.steps, "steps": steps, "peak": peak}))


CONTESTANTS = {"crmlab": crmlab_plan, "plain pandas merge": plain_pandas}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=float, default=1e5)
    parser.add_argument("--date", help="the day of the measurement, for the table")
    parser.add_argument("--only", choices=CONTESTANTS)
    arguments = parser.parse_args()
    customers = int(arguments.customers)
    if arguments.only:
        run(arguments.only, customers)
        return
    found = {}
    for name in CONTESTANTS:
        command = [sys.executable, __file__, "--only", name, "--customers", str(customers)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
        found[name] = json.loads(done.stdout)
    print(f"Measured on {arguments.date}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, "
          f"{customers:,} customers.\n")  # fmt: skip
    print("| who | step | s | CPU s |\n| --- | --- | ---: | ---: |")
    for name, one in found.items():
        for step, (seconds, cpu) in (one["before"] | one["steps"]).items():
            print(f"| {name} | {step} | {seconds:.2f} | {cpu:.2f} |")
    steps = found["crmlab"]["steps"]
    seconds, mine = (sum(steps[step][kind] for step in ("features with evidence", "plan")) for kind in (0, 1))
    plain = found["plain pandas merge"]["steps"]["plan"][1]
    peaks = ", ".join(f"{name} {one['peak']:.2f} GiB" for name, one in found.items())
    print(
        f"\nFeatures and plan: {seconds:.1f} s, {mine:.1f} CPU s, {mine / plain:.1f} times plain pandas. Peak: {peaks}."
    )


if __name__ == "__main__":
    main()
