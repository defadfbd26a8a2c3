"""Importing crmlab is light: no heavy package comes with it. How long it takes, benchmarks/importing.py measures."""

import subprocess
import sys

HEAVY = {
    *("dask", "duckdb", "ibis", "IPython", "ipywidgets", "matplotlib", "mlxtend", "openpyxl", "pandas", "pandera"),
    *("papermill", "polars", "pyarrow", "pyspark", "scipy", "seaborn", "sklearn", "statsmodels"),
}
CODE = """
import sys
import crmlab
print(*{name.partition(".")[0] for name in sys.modules})
import crmlab.rfm
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_no_heavy_package_comes_with_crmlab_or_its_rule():
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, encoding="utf-8", check=True)
    plain, rule = (set(line.split()) for line in run.stdout.splitlines())
    assert "crmlab" in plain
    assert "narwhals" in rule
    assert (plain & HEAVY, rule & HEAVY) == (set(), set())
