"""A Spark standalone master with two workers on loopback types customers as pandas does: `make test-engines`."""

import importlib.util
import os
from pathlib import Path

import golden
import pytest
import reference
from golden import AS_OF
from kinds import as_pandas

from crmlab import type_customers

pytestmark = pytest.mark.engines
SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "spark_cluster.py"
COLUMNS = {"state": "state", "refund": "refund", "refund_date": "refund_day"}


@pytest.fixture(scope="module")
def spark_cluster():
    spec = importlib.util.spec_from_file_location("spark_cluster", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def session(spark_cluster, tmp_path_factory):
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: make test-engines installs it")
    if reason := spark_cluster.missing():
        pytest.skip(reason)
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": "300s",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    }
    with spark_cluster.cluster(memory="1g") as master:
        session = sql.SparkSession.builder.master(master).config(map=settings).getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def orders():
    """Random lines as a frame; the ids are text, and whole numbers."""
    text = reference.frame(reference.random_lines(1000, seed=618, as_of=AS_OF))
    codes = {name: text[name].astype("category").cat.codes.astype("int64") for name in ("customer_id", "order_id")}
    return {"text": text, "numbers": text.assign(**codes)}


@pytest.mark.parametrize("ids", ["text", "numbers"])
def test_two_workers_find_what_pandas_finds(ids, session, orders, tmp_path):
    path = tmp_path / "orders.parquet"
    orders[ids].to_parquet(path, coerce_timestamps="us")
    settings = {"as_of": AS_OF, "window": 365, "refunds": "drop", **COLUMNS}
    expected = type_customers(orders[ids], **settings)
    result = type_customers(session.read.parquet(str(path)), **settings)
    assert as_pandas(result.table).astype(str).equals(expected.table.astype(str))
    assert (result.thresholds, result.rows_left_out) == (expected.thresholds, expected.rows_left_out)
    assert result.orders_used == expected.orders_used
    assert session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3, "the driver and two workers"


def test_what_spark_keeps_goes_with_the_result(session, tmp_path):
    kept = session.sparkContext._jsc.sc().getPersistentRDDs
    before = kept().size()
    golden.orders().to_parquet(tmp_path / "orders.parquet", coerce_timestamps="us")
    result = type_customers(session.read.parquet(str(tmp_path)), as_of=AS_OF)
    assert result.summary()["customers"].sum() == 8
    assert kept().size() == before + 2
    typed = result.table
    del result
    assert kept().size() == before + 2
    assert typed.count() == 8
    del typed
    assert kept().size() == before


def test_everything_is_stopped_when_a_part_does_not_come_up(spark_cluster, monkeypatch):
    if reason := spark_cluster.missing():
        pytest.skip(reason)
    started = []
    start = spark_cluster._start

    def spy(*given):
        started.append(start(*given))
        return started[-1]

    monkeypatch.setattr(spark_cluster, "_start", spy)
    with pytest.raises(RuntimeError, match="worker_0 did not come up"), spark_cluster.cluster(memory="no size"):
        pass
    assert len(started) == 3
    assert all(process.poll() is not None for process, _ in started)
    assert not any(os.path.exists(log) for _, log in started)
