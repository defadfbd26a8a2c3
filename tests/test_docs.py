"""What the pages tell is true: commands parse, paths and links lead somewhere, code compiles, messages are ours."""

import ast
import csv
import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from crmlab.cli import _parser
from crmlab.course.settings import PARAMETERS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "README.zh.md"])
CHINESE = [path for path in PAGES if path.stem.endswith(".zh")]
READERS = ("student", "instructor", "analyst", "troubleshooting")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
TASKS = set(re.findall(r'add_parser\("([\w-]+)"', (ROOT / "tasks.py").read_text(encoding="utf-8")))
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
VARIABLES = set(re.findall(r"^(\w+) \?=", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
OTHER_COMMANDS = ("source", "papermill")
ROOMS = tuple(f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and path.name not in ("out", ".venv"))
FOREIGN = re.compile(
    r"No such file or directory|not found|SyntaxError|ModuleNotFoundError|NameError|UserWarning|^ERROR|^  cause"
    r"|^error: Request|recency_days|^student,name|doctor"
)
"""Messages of the system, of Python and of pip and uv; a table; a roster."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, kind: str) -> list[str]:
    return [body for found, body in FENCE.findall(text(path)) if found == kind]


def outside_code(path: Path) -> str:
    return INLINE.sub("`", FENCE.sub("", text(path)))


def inline(path: Path) -> list[str]:
    return INLINE.findall(FENCE.sub("", text(path)))


def fault_of(command: str) -> str:
    """What is wrong with a line of a console block, or ""."""
    first, *rest = shlex.split(command, comments=True) or [""]
    if first == "crmlab":
        return _fault_of_crmlab(rest)
    if first == "make":
        names = {word.partition("=")[0] for word in rest}
        return "" if rest and names <= TARGETS | VARIABLES else f"no such target or variable: {rest}"
    if first == "python" and rest[0] == "tasks.py":
        return "" if rest[1] in TASKS else f"no such task: {rest[1]}"
    if first == "python" and rest[0].endswith(".py"):
        return "" if (ROOT / rest[0]).is_file() else f"no such file: {rest[0]}"
    return "" if first in ("", *OTHER_COMMANDS) else f"no command that is known: {first}"


def _fault_of_crmlab(words: list[str]) -> str:
    try:
        given = _parser().parse_args(words)
    except SystemExit as stopped:
        return "" if stopped.code == 0 else f"crmlab does not take: {' '.join(words)}"
    unknown = [name for name, _ in getattr(given, "parameters", ()) if name not in PARAMETERS]
    return f"no such parameter: {unknown}" if unknown else ""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_in_a_console_block_parses(path, capsys):
    faults = [fault for body in blocks(path, "console") for line in body.splitlines() if (fault := fault_of(line))]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_within_a_sentence_parses(path, capsys):
    """Where only a command is named, without anything for it, the command has to be there."""
    faults = []
    for code in inline(path):
        words = code.split()
        if words[0] in ("crmlab", "make") and len(words) > 1:
            alone = words[0] == "crmlab" and len(words) == 2
            faults.append(fault_of(f"{code} --help" if alone else code))
    assert not any(faults), "\n".join(filter(None, faults))


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("crmlab run 02 -p window 180  # a comment", False),
        ("crmlab run 02 -p windw 180", True),
        ("crmlab grade handed_in.zip", True),
        ("make lab COURSE_LANG=en", False),
        ("make lob", True),
        ("make lab LANGUAGE=en", True),
        ("python tasks.py lab --lang en", False),
        ("python tasks.py lob", True),
        ("crmlub run", True),
    ],
)
def test_a_wrong_command_is_noticed(command, wrong, capsys):
    assert bool(fault_of(command)) is wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_path_that_a_page_names_is_there(path):
    missing = [code for code in inline(path) if _is_path(code) and not _there(code, path)]
    assert not missing, missing


def _is_path(code: str) -> bool:
    return code.startswith(ROOMS) and not re.search(r"[\s<>…(]", code)


def _there(code: str, page: Path) -> bool:
    """From the root of the repository, or from the folder of a README within it."""
    ways = _options(code.rstrip("/"))
    return all(list(ROOT.glob(way)) or list(page.parent.glob(way)) for way in ways)


def _options(code: str) -> list[str]:
    """`notebooks/{zh,en}` written out."""
    found = re.search(r"\{([^}]*)\}", code)
    if not found:
        return [code]
    return [way for one in found[1].split(",") for way in _options(code.replace(found[0], one.strip(), 1))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(path):
    links = [link for link in LINK.findall(FENCE.sub("", text(path))) if not re.match(r"https?://|mailto:", link)]
    missing = [link for link in links if not (path.parent / link.partition("#")[0]).exists()]
    assert not missing, missing


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_in_the_pages_compiles_and_its_imports_are_there(path):
    for body in blocks(path, "python"):
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("crmlab"):
                for name in node.names:
                    module = importlib.import_module(node.module)
                    assert name.name == "*" or hasattr(module, name.name) or _is_module(node.module, name.name)


def _is_module(room: str, name: str) -> bool:
    return importlib.util.find_spec(f"{room}.{name}") is not None


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
def test_chinese_has_full_width_punctuation(path):
    wrong = re.findall(r"[\u4e00-\u9fff][,;:!?()][\u4e00-\u9fff]|[\u4e00-\u9fff]\.(?:\s|$)", outside_code(path))
    assert not wrong, wrong


@pytest.mark.parametrize("name", READERS)
def test_both_languages_have_the_same_headings(name):
    zh, en = (re.findall(r"^(#+) ", text(ROOT / "docs" / f"{name}.{lang}.md"), re.MULTILINE) for lang in ("zh", "en"))
    assert zh == en


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_minutes_of_the_student_page_are_those_of_the_lessons(lang):
    page = text(ROOT / "docs" / f"student.{lang}.md")
    sources = sorted((ROOT / "notebooks" / "source").glob("*.py"))
    minutes = {source.stem: re.search(r"minutes: (\d+)", text(source))[1] for source in sources}
    assert re.findall(rf"`notebooks/{lang}/(\w+)\.ipynb` \| (\d+) \|", page) == list(minutes.items())


def messages() -> list[tuple[bool, str | re.Pattern]]:
    """Every line that words.csv can put out, with enough of it fixed to be known again."""
    with (ROOT / "crmlab" / "words.csv").open(encoding="utf-8", newline="") as lines:
        every = {line for row in csv.DictReader(lines) for lang in ("zh", "en") for line in row[lang].split("\n")}
    found = []
    for line in every:
        pieces = re.split(r"\{[^}]*\}", line.strip())
        fixed = "".join(pieces)
        if len(fixed.strip()) >= (12 if fixed.isascii() else 4):
            whole = len(pieces) == 1
            found.append((whole, line if whole else re.compile(".+".join(map(re.escape, pieces)))))
    return found


@pytest.mark.parametrize("name", [f"{name}.{lang}" for name in READERS for lang in ("zh", "en")])
def test_what_is_shown_as_output_is_what_the_program_says(name):
    known, strange = messages(), []
    for body in blocks(ROOT / "docs" / f"{name}.md", "text"):
        lines = [line.strip().removeprefix("- ") for line in body.splitlines()]
        ours = any((m in line) if whole else m.fullmatch(line) for line in lines for whole, m in known)
        if not ours and not FOREIGN.search(body):
            strange.append(body)
    assert not strange, "\n".join(strange)
