"""The source tree of the site in one language: the repository's pages, and the pages that lead to them."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.site.api import api_pages
from crmlab.site.cards import card_pages, card_places
from crmlab.site.lessons import lesson_page
from crmlab.site.links import copy_file, download, relinked
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.course.source import Lesson

GUIDES = ("student", "instructor", "analyst")
HELP = ("glossary", "troubleshooting")


def write_sources(root: Path, source: Path, lessons: list["Lesson"], lang: str) -> None:
    """Write everything of which Sphinx makes the pages in `lang` below `source`, an empty or new folder.

    Both languages have the same pages under the same names, so that each leads to its partner.
    """
    known = page_of(root, lang)
    source.mkdir(parents=True, exist_ok=True)
    for path, page in known.items():
        if path.startswith("docs/"):
            place = root / path
            note = word("site.english_only", lang) if page.startswith("more/") and lang != "en" else ""
            _write(source / page, _noted(relinked(_text(place), place, root, page, known, source), note))
    for lesson in lessons:
        lesson_page(root, source, lesson, lang)
    card_pages(root, source, lang, known)
    api_pages(root / "crmlab", source, lang)
    shutil.copyfile(root / "docs" / f"first_{lang}.png", source / "first.png")
    _write(source / "exercises.md", _exercises(root, source, lessons, lang))
    deep = sorted(page for page in known.values() if page.startswith("more/"))
    _write(source / "index.md", _front(lessons, deep, lang))


def page_of(root: Path, lang: str) -> dict[str, str]:
    """The page of the site for each file of the repository that has one: {"docs/rfm.md": "more/rfm.md", ...}.

    A guide stands there in both languages, and both lead to the page in `lang`.
    """
    pages = {}
    for path in sorted((root / "docs").glob("*.md")):
        name, _, language = path.stem.partition(".")
        if language in ("", lang):
            pages[f"docs/{path.name}"] = f"{name}.md" if language else f"more/{name}.md"
    return pages | card_places(root)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _noted(text: str, note: str) -> str:
    """A page with a note below its title."""
    title, _, rest = text.partition("\n")
    return f"{title}\n\n*{note}*\n{rest}" if note else text


def _exercises(root: Path, source: Path, lessons: list["Lesson"], lang: str) -> str:
    rows = []
    for lesson in lessons:
        if lesson.questions:
            file = copy_file(
                root / "exercises" / lang / f"{lesson.stem}.ipynb", source, f"exercises/{lesson.stem}.ipynb"
            )
            name = f"{lesson.header['number']} {lesson.header['title'][lang]}"
            got = download(f"{lesson.stem}.ipynb", "exercises.md", file)
            rows.append(f"| [{name}](lessons/{lesson.stem}.ipynb) | {len(lesson.questions)} | {got} |")
    table = "\n".join((word("site.exercise_head", lang), "| --- | ---: | --- |", *rows))
    return f"# {word('site.exercises', lang)}\n\n{word('site.exercises_about', lang)}\n\n{table}\n"


def _front(lessons: list["Lesson"], deep: list[str], lang: str) -> str:
    doors = "\n".join(f"- {word(f'site.door.{name}', lang, page=f'{name}.md')}" for name in GUIDES)
    rows = "\n".join(
        f"| [{lesson.header['number']} {lesson.header['title'][lang]}](lessons/{lesson.stem}.ipynb) "
        f"| {lesson.header['minutes']} |"
        for lesson in lessons
    )
    return (
        "\n\n".join(
            (
                f"# {word('site.title', lang)}",
                word("site.lead", lang),
                f"![{word('site.picture', lang)}](first.png)",
                f"## {word('site.doors', lang)}",
                doors,
                f"## {word('site.lessons', lang)}",
                f"{word('build.table_head', lang)}\n| --- | ---: |\n{rows}",
                word("site.more", lang),
                _toctree(word("site.readers", lang), [f"{name}.md" for name in GUIDES]),
                _toctree(
                    word("site.lessons", lang),
                    [*(f"lessons/{lesson.stem}.ipynb" for lesson in lessons), "exercises.md"],
                ),
                _toctree(word("site.help", lang), [f"{name}.md" for name in HELP]),
                _toctree(word("site.deep", lang), ["data/index.md", *deep, "api/index.md"]),
            )
        )
        + "\n"
    )


def _toctree(caption: str, pages: list[str]) -> str:
    names = "\n".join(str(Path(page).with_suffix("").as_posix()) for page in pages)
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{names}\n```"
