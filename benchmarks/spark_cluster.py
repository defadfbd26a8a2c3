"""A Spark standalone master with two workers on this machine, for tests and measurements; only loopback is used.

As a program it starts them, prints the address of the master and waits for the end of its input:
`python benchmarks/spark_cluster.py`. They run on the pyspark package; Java 17 or newer has to be there.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
WORKERS = 2
PATIENCE = 300
"""Seconds to wait for a part of the cluster to come up."""


def missing() -> str | None:
    """Why no cluster can be started here, or None."""
    if os.name == "nt":
        return "the cluster is started by the shell scripts of pyspark, which are not for Windows"
    if not shutil.which("java"):
        return "Spark needs Java 17 or newer, and there is no java on this machine"
    return None


@contextmanager
def cluster(memory: str = "2g") -> Iterator[str]:
    """Start a master and two workers with one core and `memory` each, and give the address of the master.

    Raises RuntimeError, with what it said last, if a part does not come up. On leaving, all of them are stopped.
    """
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = str(free.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="spark_cluster_") as name, ExitStack() as parts:
        folder = Path(name)
        master = f"spark://{LOOPBACK}:{port}"
        started = [_start(parts, folder, "master", ["--port", port])]
        _wait(started, "I have been elected leader")
        started = [
            _start(parts, folder, f"worker_{number}",
                   ["--port", "0", "--cores", "1", "--memory", memory, "--work-dir", str(folder / str(number)), master])
            for number in range(WORKERS)
        ]  # fmt: skip
        _wait(started, "Successfully registered with master")
        yield master


def _start(parts: ExitStack, folder: Path, name: str, words: list[str]) -> tuple[subprocess.Popen, Path]:
    """Start a part of the cluster, to be stopped with `parts`. Gives the process and its log."""
    import pyspark

    home, log, what = Path(pyspark.__file__).parent, folder / f"{name}.log", name.split("_")[0]
    own = {"SPARK_HOME": home, "SPARK_LOCAL_IP": LOOPBACK, "SPARK_LOCAL_DIRS": folder, "SPARK_CONF_DIR": folder}
    environment = os.environ | {key: str(value) for key, value in own.items()} | {"PYSPARK_PYTHON": sys.executable}
    program = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{what}.{what.title()}"]
    with log.open("w", encoding="utf-8", newline="\n") as output:
        process = subprocess.Popen(
            [*program, "--host", LOOPBACK, "--webui-port", "0", *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    parts.callback(_stop, process)
    return process, log


def _wait(started: list[tuple[subprocess.Popen, Path]], sign: str) -> None:
    """Wait until each log has the sign that its process is up."""
    end = time.monotonic() + PATIENCE
    for process, log in started:
        while sign not in log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{log.stem} did not come up:\n{log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.1)


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    if reason := missing():
        raise SystemExit(reason)
    with cluster() as address:
        print(address, flush=True)
        sys.stdin.read()
