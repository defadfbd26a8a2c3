"""Set up and run the course: `python tasks.py course|test|lab|…`. Standard library only.

The Makefile calls this file, so people with and without make get the same. The environment lives in
.venv and is made once: a stamp in it remembers what was installed, and a second run skips it.
"""

from __future__ import annotations  # so that an older Python comes as far as the sentence about its age

import argparse
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UV = (PYTHON, "-m", "uv", "pip")
LOCK = ROOT / "requirements.lock"
TESTS = (PYTHON, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
EXTRAS = ("journey", "engines", "reviews", "site", "lab-zh", "browser")
MINIMUM = (3, 11)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    course = commands.add_parser("course", help="run all lessons and write the report")
    course.add_argument("--data", default="teaching", help="teaching, journey, or a folder of your own")
    course.add_argument("--lang", default="zh", choices=("zh", "en"))
    commands.add_parser("test", help="all tests")
    commands.add_parser("test-engines", help="the tests on Dask, Ibis and PySpark")
    commands.add_parser("test-browser", help="the tests in a real browser, where there is one")
    lab = commands.add_parser("lab", help="open JupyterLab on a page that says what to do, beside the first lesson")
    lab.add_argument("--lang", default="zh", choices=("zh", "en"))
    commands.add_parser("site", help="make the course site in out/site/html")
    commands.add_parser("build", help="make the data, the lessons and the exercises anew")
    commands.add_parser("lock", help="compile the lock files from pyproject.toml")
    arguments = parser.parse_args()

    set_up()
    if arguments.command == "course":
        if arguments.data == "journey":
            add_extra("journey")
        return crmlab("run", "--data", arguments.data, "--lang", arguments.lang)
    if arguments.command == "test":
        return run(*TESTS)
    if arguments.command == "test-engines":
        add_extra("engines")
        return run(*TESTS, "-m", "engines", "tests")
    if arguments.command == "test-browser":
        for extra in ("browser", "lab-zh", "site"):
            add_extra(extra)
        return run(*TESTS, "-m", "browser", "-rs", "tests/browser")
    if arguments.command == "lab":
        if arguments.lang == "zh":
            offer_extra("lab-zh")
        return crmlab("lab", "--lang", arguments.lang)
    if arguments.command == "site":
        add_extra("site")
        return crmlab("site")
    if arguments.command == "build":
        return crmlab("world") or crmlab("build")
    return lock()


def set_up() -> None:
    """Make .venv with the locked packages and this one, unless the stamp says it is there."""
    if sys.version_info < MINIMUM:
        sys.exit(f"crmlab needs Python {MINIMUM[0]}.{MINIMUM[1]} or newer; this is {sys.version.split()[0]}.")
    wanted = digest(LOCK, ROOT / "pyproject.toml")
    stamp = VENV / "base.stamp"
    if PYTHON.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print("Setting up .venv (once; about half a minute plus the download) …", flush=True)
    for old in VENV.glob("*.stamp"):
        old.unlink()
    if not PYTHON.exists() and run(sys.executable, "-m", "venv", VENV):
        sys.exit("Python could not make .venv. On Debian and Ubuntu: apt install python3-venv")
    bootstrap = VENV / "uv.txt"
    bootstrap.write_text(locked("uv"), encoding="utf-8")
    must(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", bootstrap)
    must(*UV, "sync", "--quiet", "--require-hashes", LOCK)
    must(*UV, "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", ROOT)
    stamp.write_text(wanted, encoding="utf-8")


def add_extra(name: str) -> None:
    """Install one optional extra from its own lock, unless its stamp says it is there."""
    lock_file = ROOT / f"requirements-{name}.lock"
    stamp = VENV / f"{name}.stamp"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest(lock_file):
        return
    print(f"Adding the extra '{name}' (once) …", flush=True)
    must(*UV, "install", "--quiet", "--require-hashes", "-r", lock_file)
    stamp.write_text(digest(lock_file), encoding="utf-8")


def offer_extra(name: str) -> None:
    """As add_extra, for what is pleasant and can be done without: a failure is told, and the work goes on."""
    try:
        add_extra(name)
    except SystemExit as failed:
        print(failed, f"Going on without the extra '{name}'.", flush=True)


def lock() -> int:
    """Compile requirements.lock, and for each extra a small lock that agrees with it."""
    import tomllib

    compile_ = [*UV, "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate"]
    must(*compile_, "--group", "build", "--group", "test", "pyproject.toml", "-o", LOCK.name)
    optional = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for name in EXTRAS:
        wanted = "\n".join(optional[name])
        must(
            *compile_,
            "--python-version",
            "{}.{}".format(*MINIMUM),
            "-c",
            LOCK.name,
            "-",
            "-o",
            f"requirements-{name}.lock",
            given=wanted.encode(),
        )
    return 0


def locked(package: str) -> str:
    """The lines of the lock that pin one package, with its hashes."""
    found = re.search(rf"^{package}==.*(?:\n    .*)*", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(0) + "\n"


def digest(*files: Path) -> str:
    content = b"".join(file.read_bytes() for file in files) + sys.version.encode()
    return hashlib.sha256(content).hexdigest()


def crmlab(*words: str) -> int:
    return run(PYTHON, "-m", "crmlab", *words)


def run(*words: object, given: bytes | None = None) -> int:
    """Run a command and wait for it to end by itself, also when Ctrl-C reaches both it and us."""
    environment = os.environ | {"VIRTUAL_ENV": str(VENV)}
    with subprocess.Popen(
        [str(word) for word in words], cwd=ROOT, env=environment, stdin=subprocess.PIPE if given else None
    ) as process:
        while True:
            try:
                process.communicate(given)
                return process.returncode
            except KeyboardInterrupt:
                continue


def must(*words: object, given: bytes | None = None) -> None:
    if code := run(*words, given=given):
        sys.exit(f"This step failed with exit code {code}: {' '.join(str(word) for word in words)}")


if __name__ == "__main__":
    sys.exit(main())
