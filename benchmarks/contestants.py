"""The contestants: each is timed in a process of its own, started as `python contestants.py NAME FILE`.

A contestant prepares its input, which is not timed, and gives back a function. It runs once to warm up and once timed.
"""

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from datetime import date

AS_OF = date(2026, 6, 17)

SQL = f"""
WITH orders AS (
    SELECT customer_id, order_id, max(CAST(order_date AS DATE)) AS day,
           sum(CAST(round(amount * 100) AS BIGINT)) AS money
    FROM {{source}} GROUP BY ALL
), customers AS MATERIALIZED (
    SELECT customer_id, date_diff('day', max(day), DATE '{AS_OF}') AS recency_days,
           count(*) AS frequency, CAST(sum(money) AS BIGINT) AS monetary
    FROM orders GROUP BY customer_id
), means AS (
    SELECT CAST(ceil(sum(recency_days) / count(*)) AS BIGINT) AS r,
           CAST(ceil(sum(frequency) / count(*)) AS BIGINT) AS f,
           CAST(sum(monetary) // count(*) + CAST(sum(monetary) % count(*) > 0 AS BIGINT) AS BIGINT) AS m
    FROM customers
), marked AS (
    SELECT customers.*, recency_days >= r AS r_up, frequency >= f AS f_up, monetary >= m AS m_up FROM customers, means
)
SELECT customer_id, recency_days, frequency, monetary,
       if(r_up, '↑', '↓') AS r_mark, if(f_up, '↑', '↓') AS f_mark, if(m_up, '↑', '↓') AS m_mark,
       CASE WHEN NOT r_up AND f_up AND m_up THEN 1 WHEN NOT r_up AND NOT f_up AND m_up THEN 2
            WHEN NOT r_up AND f_up THEN 3 WHEN r_up AND f_up AND m_up THEN 4
            WHEN r_up AND f_up THEN 5 WHEN r_up AND NOT m_up THEN 6 ELSE 0 END AS type
FROM marked
"""


def scan_file(path: str) -> Callable:
    import duckdb

    columns = "sum(customer_id), sum(order_id), max(order_date + INTERVAL 0 DAY), sum(amount)"
    return lambda: duckdb.connect().sql(f"SELECT {columns} FROM '{path}'").to_arrow_table().to_pandas()


def crmlab_file(path: str) -> Callable:
    from crmlab import type_customers

    return lambda: type_customers(path, as_of=AS_OF).table


def crmlab_frame(path: str) -> Callable:
    import pandas as pd

    from crmlab import type_customers

    frame = pd.read_parquet(path)
    return lambda: type_customers(frame, as_of=AS_OF).table


def sql_file(path: str) -> Callable:
    import duckdb

    return lambda: duckdb.connect().sql(SQL.format(source=f"'{path}'")).to_arrow_table().to_pandas()


def sql_frame(path: str) -> Callable:
    import duckdb
    import pandas as pd

    frame = pd.read_parquet(path)

    def run():
        connection = duckdb.connect()
        connection.register("frame", frame)
        return connection.sql(SQL.format(source="frame")).to_arrow_table().to_pandas()

    return run


def lifetimes(path: str) -> Callable:
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    frame = pd.read_parquet(path)
    return lambda: summary_data_from_transaction_data(
        frame, "customer_id", "order_date", "amount", observation_period_end=AS_OF
    )


def pymc_marketing(path: str) -> Callable:
    import pandas as pd
    from pymc_marketing.clv.utils import rfm_summary

    frame = pd.read_parquet(path)
    return lambda: rfm_summary(frame, "customer_id", "order_date", "amount", observation_period_end=AS_OF)


CONTESTANTS = {
    entry.__name__: entry
    for entry in (scan_file, crmlab_file, crmlab_frame, sql_file, sql_frame, lifetimes, pymc_marketing)
}


def sums(table) -> list[int]:
    """What must be the same for those who count the same: customers, and the sums of R, F, M and the types."""
    columns = ("recency_days", "frequency", "monetary", "type")
    return [len(table), *(int(table[name].sum()) for name in columns if "type" in table)] if len(table) > 1 else []


def main(name: str, path: str) -> None:
    warnings.simplefilter("ignore")
    run = CONTESTANTS[name](path)
    found = sums(run())
    started, used = time.perf_counter(), time.process_time()
    run()
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "sums": found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
