"""Lessons meet the same tables whether they come from files, from a customer base, from Parquet or from PostgreSQL."""

import os
import shutil
import socket
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from crmlab import check_settings, open_data, type_customers
from crmlab.collect.base import CustomerBase
from crmlab.collect.ddl import create_table
from crmlab.collect.pseudonym import KEY_FILE
from crmlab.collect.shops import _server
from crmlab.data import PERSONAL
from crmlab.errors import DataError, ParameterError
from crmlab.tables import TABLES

TEACHING = Path(__file__).parents[1] / "datasets" / "teaching"
DAY = date(2026, 6, 17)


@pytest.fixture(scope="module")
def path(teaching_base):
    """The teaching data as a customer base."""
    return teaching_base[0]


@pytest.fixture(scope="module")
def files():
    return open_data(check_settings(data="teaching"))


def demand_same(shop, files) -> None:
    """The same tables under the same pseudonyms, without personal columns, and the same types of customers."""
    assert (shop.name, shop.as_of, shop.currency, shop.key) == (files.name, files.as_of, files.currency, files.key)
    for name, table in TABLES.items():
        there, here = shop.table(name), files.table(name)
        assert not set(PERSONAL) & set(there.columns)
        key = list(table.key)
        here, there = (frame.sort_values(key, ignore_index=True) for frame in (here, there))
        pd.testing.assert_frame_equal(there, here)
    found, wanted = (
        type_customers(one.orders, as_of=one.as_of, window=365, **one.columns).table.sort_values("customer_id")
        for one in (shop, files)
    )
    pd.testing.assert_frame_equal(found.reset_index(drop=True), wanted.reset_index(drop=True))


def test_a_customer_base_gives_lessons_the_same_as_the_files(path, files):
    demand_same(open_data(check_settings(data=str(path))), files)


def test_a_base_that_is_open_for_writing_can_be_read_by_the_same_notebook(path, tmp_path):
    copy = shutil.copy(path, tmp_path / "shop.duckdb")
    with CustomerBase.open(copy) as base:
        shop = open_data(check_settings(data=str(copy)))
        base.connection.execute("DELETE FROM texts")
        assert shop.has("orders")
        assert not shop.has("texts")
    assert shop.table("texts").empty


def test_a_base_without_a_reference_date_or_a_public_key(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    with CustomerBase.create(tmp_path / "shop.duckdb") as base:
        base.load({"customers": pd.DataFrame({"customer_id": ["C1"], "source": ["phone"]})}, on=DAY)
    with pytest.raises(ParameterError, match="as_of"):
        open_data(check_settings(data=str(tmp_path / "shop.duckdb"), as_of=""))
    shop = open_data(check_settings(data=str(tmp_path / "shop.duckdb"), as_of="2026-06-17"))
    assert (shop.name, shop.currency) == ("shop", "CNY")
    assert shop.table("customers")["customer_id"].tolist() != ["C1"]
    assert shop.has("consents"), "an empty ledger is no yes"
    assert shop.orders.empty


def test_parquet_files_give_lessons_the_same_as_the_files(path, files, tmp_path):
    shutil.copy(TEACHING / "data.toml", tmp_path)
    with CustomerBase.open(path, read_only=True) as base:
        for name in TABLES:
            base.connection.sql(f"FROM {name}").write_parquet(str(tmp_path / f"{name}.parquet"))
    demand_same(open_data(check_settings(data=str(tmp_path))), files)


@pytest.fixture(scope="module")
def server():
    """The address of a PostgreSQL server of our own on this machine, with an empty database."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        pytest.skip("there is no PostgreSQL server on this machine: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="psycopg is not installed: the extra engines has it")
    as_nobody = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    if as_nobody and shutil.which("runuser") is None:
        pytest.skip("the server must not run as root, and there is no runuser")

    def run(program: str, *words: object) -> None:
        command = [*as_nobody, found[-1].with_name(program), "-D", data, *words]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)

    with tempfile.TemporaryDirectory(prefix="crmlab-postgres-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        if as_nobody:
            Path(folder).chmod(0o755)
            shutil.chown(data, "nobody")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        run("initdb", "-U", "anna", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c fsync=off"
        run("pg_ctl", "-o", options, "-l", data / "log", "-w", "start")
        yield f"postgresql://anna@127.0.0.1:{port}/postgres"
        run("pg_ctl", "-m", "immediate", "stop")


@pytest.mark.engines
def test_postgresql_gives_lessons_the_same_as_the_files(server, path, files):
    import psycopg

    with CustomerBase.open(path, read_only=True) as base, psycopg.connect(server) as connection:
        connection.execute("CREATE TABLE about (name text, value text)")
        for pair in base.about.items():
            connection.execute("INSERT INTO about VALUES (%s, %s)", pair)
        for name, table in TABLES.items():
            connection.execute(create_table(table).replace("regexp_full_match", "regexp_like"))
            with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                for row in base.connection.execute(f"FROM {name}").fetchall():
                    copy.write_row(row)
        connection.commit()
    shop = open_data(check_settings(data=server))
    demand_same(shop, files)
    assert shop.has("orders")
    assert not shop.has("reviews")
    with _server(server) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.raw_sql("DELETE FROM refunds")


@pytest.mark.engines
def test_a_server_that_does_not_answer_is_named_without_its_address():
    with pytest.raises(DataError) as caught:
        open_data(check_settings(data="postgres://anna@127.0.0.1:1/shop"))
    assert caught.value.key == "no_server"
    assert "anna" not in str(caught.value)
