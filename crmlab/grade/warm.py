"""What a worker has imported and used once before it forks, so that no student's run pays for it.

Importing this module takes seconds. It leaves one thread, and never touches what is right (`crmlab.questions.right`).
`SHELL` is the shell of the forks.
"""

import contextlib
import importlib
import io
import os
import pkgutil
import sys
import warnings
from collections.abc import Iterator

os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
os.environ["MPLBACKEND"] = BACKEND = "module://matplotlib_inline.backend_inline"

from crmlab.grade.shell import new_shell

LIBRARIES = ("asyncio", "duckdb", "ipywidgets", "matplotlib.pyplot", "narwhals.stable.v2", "pyarrow", "scipy.stats",
             "seaborn", "zoneinfo")  # fmt: skip
"""What lessons use. scikit-learn and statsmodels cost as much again and few answers need them: a fork imports them."""
ROOMS = ("care", "cases", "forecast", "grouping", "loyalty", "movement", "needs", "outbox", "patterns", "rfm", "serve",
         "show", "survey", "track")  # fmt: skip
MODULES = ("crmlab.collect", "crmlab.course.settings", "crmlab.data", "crmlab.explorer", "crmlab.handover")


CELLS = (
    "1 + 1",
    "import pandas as pd\npd.DataFrame({'a': [1]})",
    "import matplotlib.pyplot as plt\nplt.plot([0, 1]);",
    "1 / 0",
)
THREADED = ("polars", "pyspark")
"""Imported by statsmodels and pandera where they are installed; they start threads or take seconds. A fork may import
them."""


@contextlib.contextmanager
def _left_out() -> Iterator[None]:
    held = {name: sys.modules.get(name) for name in THREADED}
    sys.modules.update(dict.fromkeys(THREADED))
    yield
    for name, module in held.items():
        del sys.modules[name]
        if module is not None:
            sys.modules[name] = module


def _import() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    for room in ROOMS:
        package = importlib.import_module(f"crmlab.{room}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"crmlab.{room}.{module.name}")
    for name in MODULES:
        importlib.import_module(name)


def _use() -> None:
    """A first picture with Chinese letters, a first table of types, a first query: what is slow only once.

    No style is left behind, so that pictures look as in a fresh Jupyter.
    """
    import matplotlib
    import matplotlib.pyplot as plt
    import pandas as pd
    import seaborn as sns

    from crmlab import show, type_customers, word
    from crmlab.needs.patterns import Words

    plt.switch_backend(BACKEND)
    pd.set_option("display.max_columns", 20)  # as pandas chooses in Jupyter
    days = pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"])
    lines = pd.DataFrame(
        {"customer": list("abca"), "order": list("1234"), "date": days, "amount": [100, 200, 300, 400]}
    )
    columns = dict(zip(lines, lines, strict=True))
    result = type_customers(lines, as_of="2026-06-01", window=365, currency="CNY", **columns)
    show.table(result.summary(), "zh")._repr_html_()
    lines.merge(lines, on="customer").groupby("customer").agg(total=("amount_x", "sum"))._repr_html_()
    Words("茶很好", "zh")
    with matplotlib.rc_context():
        show.theme()
        figure, axes = plt.subplots()
        axes.plot([0, 1], label=word("rfm.recency_days", "zh"))
        axes.legend()
        figure.savefig(io.BytesIO(), format="png")
        plt.close("all")
    sns.set_color_codes("reset")


def _use_shell() -> None:
    """First cells of the shell: a result, a table, a picture, a traceback."""
    before = sys.stdout, sys.stderr
    for source in CELLS:
        SHELL.succeeds(source)
    SHELL.outputs.begin()
    sys.stdout, sys.stderr = before
    SHELL.reset(new_session=True)


with _left_out(), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _import()
    SHELL = new_shell()
    _use()
    _use_shell()
