"""Helpers for the tests of the readers: files by hand, and rows as tuples."""

import csv
import io
from pathlib import Path

import pandas as pd

HAND_MADE = Path(__file__).parent / "files"
BEFORE = ("序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP")


def written(folder, text, name="file.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def cells(frame, *columns):
    """The rows of a frame as tuples, None for a missing cell."""
    return [
        tuple(None if pd.isna(cell) else cell for cell in row) for row in frame[list(columns)].itertuples(index=False)
    ]


def faults(read):
    return cells(read.listed, "row", "table", "column", "reason")


def hand_made(name):
    """A file made by hand; it lies here in UTF-8, and a test writes it in the encoding of the export."""
    return (HAND_MADE / name).read_text(encoding="utf-8")
