"""pyproject.toml, the locks and environment.yml say the same; the set-up script needs nothing but Python."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-journey.lock", "requirements-engines.lock")


def pins(lock: str) -> dict[str, list[str]]:
    """Every version that a lock pins, by package; a package may have one per Python version."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", read(lock), re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements.lock", PROJECT["dependency-groups"]["test"]),
        ("requirements.lock", PROJECT["dependency-groups"]["build"]),
        ("requirements-journey.lock", PROJECT["project"]["optional-dependencies"]["journey"]),
        ("requirements-engines.lock", PROJECT["project"]["optional-dependencies"]["engines"]),
    ],
)
def test_every_dependency_is_pinned_within_its_range(lock, wanted):
    pinned = pins(lock)
    for requirement in map(Requirement, wanted):
        versions = pinned[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), (requirement, versions)


@pytest.mark.parametrize("extra", LOCKS[1:])
def test_extras_agree_with_the_main_lock(extra):
    main = pins("requirements.lock")
    for name, versions in pins(extra).items():
        assert set(versions) <= set(main.get(name, versions)), name


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_hashes_and_no_address(lock):
    text = read(lock)
    assert "://" not in text
    blocks = re.split(r"\n(?=\S)", text.split("\n", 2)[2].strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_environment_is_python_pip_and_the_lock():
    environment = yaml.safe_load(read("environment.yml"))
    python, pip, packages = environment["dependencies"]
    assert python == f"python{PROJECT['project']['requires-python']}"
    assert pip == "pip"
    assert packages == {"pip": ["-r requirements.lock"]}
    minimum = next(node.value for node in ast.parse(read("tasks.py")).body
                   if isinstance(node, ast.Assign) and node.targets[0].id == "MINIMUM")  # fmt: skip
    assert ">={}.{}".format(*ast.literal_eval(minimum)) == PROJECT["project"]["requires-python"]


def test_tasks_imports_the_standard_library_only():
    tree = ast.parse(read("tasks.py"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_make_and_tasks_offer_the_same():
    targets = re.search(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE).group(1).split()
    offered = re.findall(r'add_parser\("([\w-]+)"', read("tasks.py"))
    assert sorted(targets) == sorted(offered)
    assert "make test" in read(".ci/run")


def test_the_files_that_are_to_run_first_are_there():
    names = re.findall(r'^    "(test_\w+\.py)",$', read("tests/conftest.py"), re.MULTILINE)
    assert len(names) > 10
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(names) <= there
    assert "--no-loadscope-reorder" in read("tasks.py")


GB18030 = re.compile(r"^datasets/incoming/(members|taobao_\w+)\.csv$")
"""Exports as they come: the only files that are not utf-8, and on purpose."""


def test_no_committed_file_names_this_machine_or_a_registry():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    ).stdout.split("\n")
    addresses = re.compile(r"(pypi\.org|pythonhosted|registry\.npmjs|deb\.debian)")
    for name in filter(None, tracked):
        content = (ROOT / name).read_bytes()
        if b"\0" in content:
            continue
        text = content.decode("gb18030" if GB18030.search(name) else "utf-8")
        assert name == "tests/test_setup.py" or not addresses.search(text), name
        assert f"{ROOT}/" not in text, name


def test_file_names_are_lower_case_ascii():
    tracked = subprocess.run(
        ["git", "-c", "core.quotepath=off", "ls-files"],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True,
    ).stdout.split()  # fmt: skip
    usual = {"README.md", "README.zh.md", "LICENSE", "Makefile"}
    assert [name for name in tracked if not re.fullmatch(r"[a-z0-9_./-]+", name) and name not in usual] == []


@pytest.mark.parametrize("words", [("check",), ("format", "--check")])
def test_ruff_is_clean(words):
    done = subprocess.run([sys.executable, "-m", "ruff", *words, "."], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout
