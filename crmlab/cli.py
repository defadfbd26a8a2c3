"""The command line: run the course, build it, open it, make its data; keep a customer base."""

import argparse
import sys
from datetime import date
from pathlib import Path

from crmlab.class_cli import add_commands
from crmlab.course.paths import course_root
from crmlab.errors import CrmlabError, DataError
from crmlab.words import LANGUAGES, word


def main(words: list[str] | None = None) -> int:
    """Do what the words of a command line say and hand back the exit code.

    0: done; 1: a lesson failed, generated files differ, or a forgotten person is still to be found in the outbox; 2:
    something given cannot be used; 130: stopped by Ctrl-C.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # a grammar on which nbformat would spend three seconds for nothing
    given = _parser().parse_args(words)
    try:
        return given.command(given)
    except CrmlabError as error:
        print(error.message(given.lang) if "lang" in given else error, file=sys.stderr)
        return getattr(error, "exit_code", 2)
    except KeyboardInterrupt:
        return 130


def run(given: argparse.Namespace) -> int:
    from crmlab.course.run import run_course

    run_course(
        course_root(),
        given.lessons,
        lang=given.lang,
        data=given.data,
        given=given.parameters,
        out=given.out,
        fresh=given.fresh,
    )
    return 0


def build(given: argparse.Namespace) -> int:
    from crmlab.course import build

    root = course_root()
    if not given.check:
        build.build(root, lang=given.lang)
        print(word("build.done", given.lang))
        return 0
    found = build.differences(root, given.lang)
    print("\n".join(found) + "\n" + word("build.rebuild", given.lang) if found else word("build.same", given.lang))
    return 1 if found else 0


def lab(given: argparse.Namespace) -> int:
    from crmlab.lab import open_lab

    return open_lab(course_root(), given.lang)


def site(given: argparse.Namespace) -> int:
    from crmlab.site import build_site

    root = course_root()
    build_site(root, given.out or root / "out" / "site", lang=given.lang)
    return 0


def world(given: argparse.Namespace) -> int:
    folder = given.out or course_root() / "datasets"
    from crmlab.world import write_cards, write_world

    write_world(folder / "teaching", folder / "truth", seed=given.seed)
    write_cards(folder / "cards")
    return 0


def collect(given: argparse.Namespace) -> int:
    from crmlab import show
    from crmlab.collect import CustomerBase
    from crmlab.handover.cells import guarded

    for source in given.sources:
        if not source.exists():
            raise DataError("no_file", path=source.name)
    open_base = CustomerBase.open if given.base.exists() else CustomerBase.create
    with open_base(given.base) as base:
        report = base.load(given.sources, on=given.on, unreadable="stop" if given.stop else "list")
    print(report.balance(given.lang))
    if len(report.listed):
        print(show.table(report.reasons(), given.lang, rows=len(report.listed)))
    if given.listed:
        safe = {name: guarded(report.listed[name].astype("str"), "text") for name in ("file", "value")}
        given.listed.parent.mkdir(parents=True, exist_ok=True)
        report.listed.assign(**safe).to_csv(given.listed, index=False, encoding="utf-8-sig", lineterminator="\n")
    return 0


def person(given: argparse.Namespace) -> int:
    from crmlab import show
    from crmlab.collect import CustomerBase, export_person

    with CustomerBase.open(given.base) as base:
        found = export_person(base, given.customer, given.out, on=given.on)
    print(show.table(found, given.lang, rows=len(found)))
    return 0


def forget(given: argparse.Namespace) -> int:
    from crmlab import show
    from crmlab.collect import CustomerBase, find_traces, identify
    from crmlab.outbox import forget_person

    with CustomerBase.open(given.base) as base:
        known = base.connection.execute("SELECT 1 FROM customers WHERE customer_id = ?", [given.customer]).fetchone()
        who = identify(base, given.customer) if known else None
        removed = forget_person(base, given.customer, on=given.on, reason=given.reason, outbox=given.outbox)
    print(show.table(removed, given.lang, rows=len(removed)))
    traces = find_traces(who, given.outbox) if who and given.outbox else ()
    if len(traces):
        files = ", ".join(traces["file"].unique())
        print(word("run.traces_left", given.lang, count=len(traces), files=files), file=sys.stderr)
    return 1 if len(traces) else 0


def _parser() -> argparse.ArgumentParser:
    from importlib.metadata import version

    parser = argparse.ArgumentParser(prog="crmlab", description=_both("help"))
    parser.add_argument("--version", action="version", version=f"crmlab {version('crmlab')}")
    commands = parser.add_subparsers(required=True)

    one = commands.add_parser("run", help=_both("help_run"))
    one.set_defaults(command=run)
    one.add_argument("lessons", nargs="*", metavar="LESSON", help=_both("help_lesson"))
    one.add_argument("--lang", choices=LANGUAGES, default="zh")
    one.add_argument("--data", default="teaching", help=_both("help_data"))
    one.add_argument(
        "-p", nargs=2, action="append", default=[], dest="parameters", metavar=("NAME", "VALUE"),
        help=_both("help_parameter"),
    )  # fmt: skip
    one.add_argument("--out", type=Path, metavar="DIR", help=_both("help_out"))
    one.add_argument("--fresh", action="store_true", help=_both("help_fresh"))

    one = commands.add_parser("collect", help=_both("help_collect"))
    one.set_defaults(command=collect)
    one.add_argument("sources", nargs="+", type=Path, metavar="SOURCE", help=_both("help_sources"))
    _add_base(one)
    one.add_argument("--stop", action="store_true", help=_both("help_stop"))
    one.add_argument("--listed", type=Path, metavar="FILE.csv", help=_both("help_listed"))

    one = commands.add_parser("person", help=_both("help_person"))
    one.set_defaults(command=person)
    one.add_argument("customer", metavar="CUSTOMER", help=_both("help_customer"))
    _add_base(one)
    one.add_argument("--out", type=Path, required=True, metavar="FILE.json", help=_both("help_copy"))

    one = commands.add_parser("forget", help=_both("help_forget"))
    one.set_defaults(command=forget)
    one.add_argument("customer", metavar="CUSTOMER", help=_both("help_customer"))
    _add_base(one)
    one.add_argument("--reason", choices=("request", "withdrawal", "retention"), default="request")
    one.add_argument("--outbox", type=Path, metavar="DIR", help=_both("help_outbox"))

    one = commands.add_parser("build", help=_both("help_build"))
    one.set_defaults(command=build, lang="en")
    one.add_argument("--check", action="store_true", help=_both("help_check"))

    one = commands.add_parser("lab", help=_both("help_lab"))
    one.set_defaults(command=lab)
    one.add_argument("--lang", choices=LANGUAGES, default="zh")

    one = commands.add_parser("site", help=_both("help_site"))
    one.set_defaults(command=site, lang="en")
    one.add_argument("--out", type=Path, metavar="DIR", help=_both("help_out"))

    one = commands.add_parser("world", help=_both("help_world"))
    one.set_defaults(command=world)
    one.add_argument("--seed", type=int, default=618, help=_both("help_seed"))
    one.add_argument("--out", type=Path, metavar="DIR", help=_both("help_out"))

    add_commands(commands)
    return parser


def _add_base(one: argparse.ArgumentParser) -> None:
    one.add_argument("--base", type=Path, required=True, metavar="FILE.duckdb", help=_both("help_base"))
    one.add_argument("--on", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD", help=_both("help_on"))
    one.add_argument("--lang", choices=LANGUAGES, default="zh")


def _both(key: str) -> str:
    return " / ".join(word(f"run.{key}", lang) for lang in LANGUAGES)
