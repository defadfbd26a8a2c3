"""A fresh interpreter with this one's search path and a clean environment."""

import json
import os
import sys

ONE_THREAD = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON")
BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from {module} import main; main(sys.argv[1])"
NEEDED_BY_WINDOWS = ("SYSTEMROOT",)


def environment() -> dict[str, str]:
    """Nothing of the instructor's; one thread for every library; the same hashes of texts in every run."""
    threads = {f"{library}_NUM_THREADS": "1" for library in ONE_THREAD}
    system = {name: os.environ[name] for name in NEEDED_BY_WINDOWS if name in os.environ}
    return threads | system | {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "MPLBACKEND": "agg",
        "POLARS_MAX_THREADS": "1",
        "ARROW_IO_THREADS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "MALLOC_ARENA_MAX": "2",
        "JOBLIB_MULTIPROCESSING": "0",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }  # fmt: skip


def command(module: str, argument: str) -> list[str]:
    """Call `main(argument)` of a module in a fresh interpreter."""
    path = [os.path.abspath(entry) for entry in sys.path if entry]
    return [sys.executable, "-P", "-s", "-c", BOOT.format(module=module), argument, json.dumps(path)]
