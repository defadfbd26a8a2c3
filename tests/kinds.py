"""The same orders as every kind of frame that runs on every test run, and any table as pandas again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa


def parquet(orders: pd.DataFrame, folder: Path) -> Path:
    path = folder / "orders.parquet"
    orders.to_parquet(path)
    return path


def csv(orders: pd.DataFrame, folder: Path) -> Path:
    path = folder / "orders.csv"
    orders.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


KINDS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "pandas": lambda orders, folder: orders,
    "polars": lambda orders, folder: pl.from_pandas(orders),
    "polars-lazy": lambda orders, folder: pl.from_pandas(orders).lazy(),
    "pyarrow": lambda orders, folder: pa.Table.from_pandas(orders),
    "duckdb": lambda orders, folder: duckdb.connect().from_df(orders),
    "parquet": parquet,
    "csv": csv,
}
SAME_KIND = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "polars-lazy": pl.LazyFrame,
    "pyarrow": pa.Table,
    "duckdb": duckdb.DuckDBPyRelation,
    "parquet": pd.DataFrame,
    "csv": pd.DataFrame,
}


def as_pandas(table: Any) -> pd.DataFrame:
    """Any result table as a pandas frame, sorted by its first column."""
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, duckdb.DuckDBPyRelation):
        table = table.df()
    for method in ("compute", "toArrow", "to_pyarrow", "to_pandas"):
        if not isinstance(table, pd.DataFrame) and hasattr(table, method):
            table = getattr(table, method)()
    return table.sort_values(table.columns[0], ignore_index=True)


def types(table: Any) -> dict[Any, int]:
    """Customer to type."""
    plain = as_pandas(table)
    return dict(zip(plain.iloc[:, 0], plain["type"], strict=True))


def orders_explained(result: Any, customer: Any) -> int:
    """How many orders count for the customer, once both explanations have found nothing wrong with that."""
    for lang in ("zh", "en"):
        assert str(customer) in result.explain(customer, lang)
    return int((result.evidence(customer)["left_out"] == "").sum())
