"""Orders in a file: CSV is text until the columns are known, and what cannot be read is told."""

from pathlib import Path

import duckdb
import pytest
from golden import AS_OF
from kinds import csv, orders_explained, parquet

from crmlab import DataError, type_customers

HEAD = "customer_id,order_id,order_date,amount,back\n"


def write(folder: Path, *lines: str, name: str = "orders.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding=encoding, newline="\n")
    return path


def fault(path, **settings):
    with pytest.raises(DataError) as caught:
        type_customers(path, as_of=AS_OF, **settings)
    return caught.value


def test_a_path_as_text_and_upper_case_endings(small, tmp_path):
    expected = type_customers(small, as_of=AS_OF).table
    for path in (csv(small, tmp_path), parquet(small, tmp_path)):
        upper = path.rename(path.with_suffix(path.suffix.upper()))
        assert type_customers(str(upper), as_of=AS_OF).table.equals(expected)


def test_ids_are_read_as_they_are_written(tmp_path):
    path = write(tmp_path, "007,1,2026-06-01,1,", "7,2,2026-06-01,1,", " 7,3,2026-06-01,1,", "1e3,4,2026-06-01,1,")
    assert type_customers(path, as_of=AS_OF).table["customer_id"].tolist() == [" 7", "007", "1e3", "7"]


def test_ways_of_writing_dates_and_amounts(tmp_path):
    path = write(tmp_path, "a,1,2026-06-01,1.50,", "a,2,2026/6/1 10:30, 2 ,", "a,3,2026-06-01T23:59:59,3.0000,0.50")
    result = type_customers(path, as_of=AS_OF, refund="back")
    assert result.table.iloc[0, :4].tolist() == ["a", 16, 3, 600]


@pytest.mark.parametrize(("line", "key", "told"), [
    ("a,1,31/12/2025,1,", "no_date_text", "order_id=1, order_date=31/12/2025"),
    ("a,1,2026-02-30,1,", "no_date_text", "2026-02-30"),
    ("a,1,infinity,1,", "no_date_text", "infinity"),
    ("a,1,2026-06-01,¥5,", "no_number_text", "order_id=1, amount=¥5"),
    ('a,1,2026-06-01,"1,234.50",', "no_number_text", "1,234.50"),
    ("a,1,2026-06-01,nan,", "no_number_text", "nan"),
    ("a,1,2026-06-01,5,all", "no_number_text", "order_id=1, back=all"),
    ("a,1,,5,", "empty_day", "order_id=1"),
    ("a,1,2026-06-01,,", "empty_amount", "order_id=1"),
    ("a,,2026-06-01,5,", "empty_order", "amount=5"),
    (",1,2026-06-01,5,", "empty_customer", "order_id=1"),
    ("a,1,2026-06-01 10:00:00+08:00,5,", "mixed_zones", "order_id=2, order_date=2026-06-01"),
])  # fmt: skip
def test_text_that_is_none(line, key, told, tmp_path):
    error = fault(write(tmp_path, line, "b,2,2026-06-01,5,"), refund="back")
    assert error.key == key
    assert error.values["count"] == 1
    assert told in error.message("zh")
    assert told in error.message("en")


@pytest.mark.parametrize(
    "written", ["2026-06-16T16:30:00Z", "2026-06-17 00:30:00+08:00", "2026-06-17 00:30 Asia/Shanghai"]
)
def test_zones_written_in_csv(written, tmp_path):
    path = write(tmp_path, f"a,1,{written},5,")
    assert fault(path).key == "zoned_time"
    for zone, recency in (("Asia/Shanghai", 0), ("UTC", 1)):
        assert type_customers(path, as_of=AS_OF, time_zone=zone).table["recency_days"].tolist() == [recency]


def test_a_byte_order_mark_and_chinese_ids(tmp_path):
    path = write(tmp_path, "客户甲,单1,2026-06-01,5,", encoding="utf-8-sig", name="订单.csv")
    assert type_customers(path, as_of=AS_OF).table["customer_id"].tolist() == ["客户甲"]


def test_a_name_with_a_star_pattern_is_one_file(tmp_path):
    write(tmp_path, "a,1,2026-06-01,5,", name="orders1.csv")
    path = write(tmp_path, "b,1,2026-06-01,5,", name="orders[1].csv")
    assert type_customers(path, as_of=AS_OF).table["customer_id"].tolist() == ["b"]


def test_files_that_cannot_be_read(small, tmp_path):
    assert fault(tmp_path / "none.csv").key == "no_file"
    assert fault(tmp_path).key == "no_file"
    (tmp_path / "orders.xlsx").write_bytes(b"PK")
    assert fault(tmp_path / "orders.xlsx").key == "file_kind"
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    assert fault(tmp_path / "broken.parquet").key == "unreadable"
    error = fault(write(tmp_path, "客户甲,1,2026-06-01,5,", encoding="gb18030"))
    assert error.key == "unreadable"
    assert "UTF-8" in error.message("zh")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert fault(tmp_path / "empty.csv").key == "unreadable"
    assert fault(write(tmp_path)).key == "no_rows"


def test_parquet_keeps_its_types_and_csv_may_be_gone_afterwards(small, tmp_path):
    numbers = small.assign(customer_id=[1, 1, 2, 2, 3, 3])
    path = parquet(numbers, tmp_path)
    assert type_customers(path, as_of=AS_OF).table["customer_id"].tolist() == [1, 2, 3]
    path = csv(numbers, tmp_path)
    result = type_customers(path, as_of=AS_OF)
    path.unlink()
    assert orders_explained(result, "2") == 2


def test_a_duckdb_result_stays_on_the_connection_of_the_user(small):
    connection = duckdb.connect()
    connection.register("orders", small)
    table = type_customers(connection.sql("FROM orders"), as_of=AS_OF).table
    joined = connection.sql('SELECT order_id, type FROM orders JOIN "table" USING (customer_id) ORDER BY 1')
    assert [number for number, _ in joined.fetchall()] == ["1", "2", "3", "4", "5", "6"]
    connection.unregister("orders")
    assert len(table.fetchall()) == 3
