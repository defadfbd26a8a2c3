"""Time crmlab on Spark beside a Spark SQL job written by hand, on a cluster of our own on this machine:
`python benchmarks/spark.py --date 2026-11-22`.

The same Parquet file, the same two group-bys in four partitions (the 200 that Spark makes unasked are for larger
machines), marks and types; both hand every customer over as an Arrow table. The job by hand keeps the customers, which
it needs twice, and checks nothing. Prints a Markdown table of medians and ratios.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
from contestants import AS_OF
from spark_cluster import cluster, missing

from crmlab import type_customers

CUSTOMERS = f"""
SELECT customer_id, datediff(DATE '{AS_OF}', max(day)) AS recency_days, count(*) AS frequency, sum(money) AS monetary
FROM (SELECT customer_id, order_id, max(CAST(order_date AS DATE)) AS day,
             sum(CAST(round(amount * 100) AS BIGINT)) AS money
      FROM orders GROUP BY customer_id, order_id)
GROUP BY customer_id
"""
TYPES = """
WITH means AS (
    SELECT CAST(ceil(sum(recency_days) / count(*)) AS BIGINT) AS r,
           CAST(ceil(sum(frequency) / count(*)) AS BIGINT) AS f,
           sum(monetary) DIV count(*) + CAST(sum(monetary) % count(*) > 0 AS BIGINT) AS m
    FROM customers
), marked AS (
    SELECT customers.*, recency_days >= r AS r_up, frequency >= f AS f_up, monetary >= m AS m_up
    FROM customers CROSS JOIN means
)
SELECT customer_id, recency_days, frequency, monetary,
       if(r_up, '↑', '↓') AS r_mark, if(f_up, '↑', '↓') AS f_mark, if(m_up, '↑', '↓') AS m_mark,
       CASE WHEN NOT r_up AND f_up AND m_up THEN 1 WHEN NOT r_up AND NOT f_up AND m_up THEN 2
            WHEN NOT r_up AND f_up THEN 3 WHEN r_up AND f_up AND m_up THEN 4
            WHEN r_up AND f_up THEN 5 WHEN r_up AND NOT m_up THEN 6 ELSE 0 END AS type
FROM marked
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 1e7], help="order lines to generate")
    parser.add_argument("--runs", type=int, default=3, help="timed turns of each, after one that is not")
    parser.add_argument("--date", required=True, help="the day of the measurement, for the table")
    arguments = parser.parse_args()
    if reason := missing():
        raise SystemExit(reason)
    with cluster() as master, tempfile.TemporaryDirectory() as folder:
        session = connect(master, folder)
        print(f"Measured on {arguments.date}, {os.cpu_count()} cores, Spark {session.version}.\n")
        print("| order lines | contestant | median s | ratio |\n| ---: | --- | ---: | ---: |")
        for rows in map(int, arguments.rows):
            path = Path(folder) / f"{rows}.parquet"
            subprocess.run([sys.executable, Path(__file__).with_name("generate.py"), str(rows), path], check=True)
            by_hand, ours = contest(session, path, arguments.runs)
            print(f"| {rows:,} | Spark SQL by hand | {by_hand:.1f} | 1.00 |")
            print(f"| {rows:,} | **crmlab** | {ours:.1f} | {ours / by_hand:.2f} |", flush=True)
        session.stop()


def connect(master: str, folder: str):
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "300s",
        "spark.sql.warehouse.dir": folder,
        "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    }
    session = SparkSession.builder.master(master).config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def contest(session, path: Path, runs: int) -> tuple[float, float]:
    """The median seconds of the job by hand and of ours, which take turns and have to find the same."""
    seconds: dict = {spark_sql: [], crmlab_spark: []}
    sums = {}
    for turn in range(runs + 1):
        for job, taken in seconds.items():
            started = time.perf_counter()
            table = job(session, path)
            if turn:
                taken.append(time.perf_counter() - started)
            columns = ("recency_days", "frequency", "monetary", "type")
            sums[job] = [table.num_rows, *(int(table[name].to_numpy().sum()) for name in columns)]
    if sums[spark_sql] != sums[crmlab_spark]:
        raise SystemExit(f"the jobs do not agree: {sums}")
    return tuple(map(statistics.median, seconds.values()))


def spark_sql(session, path: Path) -> pa.Table:
    session.read.parquet(str(path)).createOrReplaceTempView("orders")
    customers = session.sql(CUSTOMERS).cache()
    customers.createOrReplaceTempView("customers")
    table = session.sql(TYPES).toArrow()
    customers.unpersist()
    return table


def crmlab_spark(session, path: Path) -> pa.Table:
    return type_customers(session.read.parquet(str(path)), as_of=AS_OF).table.toArrow()


if __name__ == "__main__":
    main()
