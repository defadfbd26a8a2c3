"""Make the generated part of the course from the lesson sources, or say where it differs from them."""

import base64
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.course import notebook
from crmlab.course.pairs import pair_faults
from crmlab.course.source import Lesson, read_lessons
from crmlab.errors import CrmlabError
from crmlab.widgets import kept
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    from nbformat import NotebookNode

READMES = {"en": "README.md", "zh": "README.zh.md"}
TABLE = re.compile(r"(<!-- lessons -->\n).*?(<!-- /lessons -->)", re.DOTALL)
SECONDS_PER_CELL = 600


def build(root: Path, say: Callable[[str], None] = print, lang: str = "en") -> None:
    """Generate and execute notebooks/{zh,en}, and generate exercises/{zh,en}, the README tables and the README picture.

    Each file is replaced only when its new content is whole. Raises CrmlabError for a fault in a source, for
    texts that do not agree, and for an output that must not be published.
    """
    lessons = read_lessons(root / "notebooks" / "source")
    if faults := [fault for lesson in lessons for fault in pair_faults(lesson, lang)]:
        raise CrmlabError("build_pairs", faults="\n".join(faults))
    readmes = {root / name: _with_table(root / name, lessons, language) for language, name in READMES.items()}
    for lesson in lessons:
        for language in LANGUAGES:
            target = _place(root, "notebooks", language, lesson)
            say(word("build.executing", lang, file=_short(root, target)))
            executed = _executed(lesson, language, target.parent, root)
            _replace(target, notebook.written(executed))
            if lesson is lessons[0] and (picture := first_picture(executed)):
                _replace(_picture_place(root, language), picture)
            if lesson.questions:
                exercise = _place(root, "exercises", language, lesson)
                _replace(exercise, notebook.written(lesson.exercise(language)))
    for path, text in readmes.items():
        _replace(path, text)


def differences(root: Path, lang: str = "en") -> list[str]:
    """One sentence, in `lang`, for each generated file that its source would not give; runs nothing."""
    lessons = read_lessons(root / "notebooks" / "source")
    found = [fault for lesson in lessons for fault in pair_faults(lesson, lang)]
    wanted = set()
    for lesson in lessons:
        for language in LANGUAGES:
            path = _place(root, "notebooks", language, lesson)
            wanted.add(path)
            found += _notebook_differences(root, path, lesson.notebook(language), lang)
            if lesson.questions:
                path = _place(root, "exercises", language, lesson)
                wanted.add(path)
                if not _holds(path, notebook.written(lesson.exercise(language))):
                    found.append(word("build.differs_file", lang, file=_short(root, path)))
    generated = {
        path
        for folder in ("notebooks", "exercises")
        for language in LANGUAGES
        for path in (root / folder / language).glob("[0-9][0-9]_*.ipynb")
    }
    found += [word("build.no_source", lang, file=_short(root, path)) for path in sorted(generated - wanted)]
    for language, name in READMES.items():
        if not _holds(root / name, _with_table(root / name, lessons, language)):
            found.append(word("build.differs_file", lang, file=name))
    return found


def _place(root: Path, folder: str, language: str, lesson: Lesson) -> Path:
    return root / folder / language / f"{lesson.stem}.ipynb"


def _picture_place(root: Path, language: str) -> Path:
    return root / "docs" / f"first_{language}.png"


def first_picture(executed: "NotebookNode") -> bytes | None:
    """The first picture that a notebook shows, as PNG; the README shows it too."""
    for cell in executed.cells:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                return base64.b64decode(output.data["image/png"])
    return None


def _short(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() == text.encode()


def _replace(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    os.replace(part, path)


def _executed(lesson: Lesson, language: str, folder: Path, root: Path) -> "NotebookNode":
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    from crmlab.course.kernel import NAME, OwnKernel

    made = lesson.notebook(language)
    folder.mkdir(parents=True, exist_ok=True)
    client = NotebookClient(
        made,
        kernel_name=NAME,
        kernel_manager_class=OwnKernel,
        resources={"metadata": {"path": str(folder)}},
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        coalesce_streams=True,
    )
    try:
        client.execute(env=os.environ | {"TQDM_DISABLE": "1"})
    except CellExecutionError as error:
        where = f"{language}/{lesson.stem}"
        raise CrmlabError("build_cell", lesson=where, error=f"{error.ename}: {error.evalue}") from None
    alive = kept.alive_states(made)
    made.metadata = notebook.metadata(lesson, language)
    for number, cell in enumerate(made.cells, start=1):
        for output in cell.get("outputs", ()):
            if fault := _unfit(output, alive, root):
                line = cell.source.splitlines()[0]
                raise CrmlabError(fault, lesson=f"{language}/{lesson.stem}", cell=number, line=line)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if _readable(output, alive)]
    kept.keep(made, alive)
    return made


def _readable(output: "NotebookNode", alive: dict[str, Any]) -> bool:
    """Take a widget away that is dead without a kernel, and say whether something is left to be seen."""
    data = output.get("data", {})
    if kept.VIEW not in data or data[kept.VIEW]["model_id"] in alive:
        return True
    del data[kept.VIEW]
    return "text/html" in data


def _unfit(output: "NotebookNode", alive: dict[str, Any], root: Path) -> str | None:
    """The key of the error for an output that must not be published: a warning, or a path of this machine."""
    if output.output_type == "stream" and output.name == "stderr":
        return "build_stderr"
    shown = {kind: data for kind, data in output.get("data", {}).items() if not kind.startswith("image/")}
    widget = alive.get(shown.get(kept.VIEW, {}).get("model_id"))
    text = json.dumps([output.get("text"), shown, widget], ensure_ascii=False)
    for folder in (root.resolve(), Path.home()):
        name = json.dumps(str(folder), ensure_ascii=False)[1:-1]
        if len(folder.parts) > 1 and re.search(re.escape(name) + r"(?![\w-])", text):
            return "build_path"
    return None


def _notebook_differences(root: Path, path: Path, made: "NotebookNode", lang: str) -> list[str]:
    """The first cell in which a committed notebook differs from `made`, outputs apart."""
    import nbformat

    file = _short(root, path)
    if not path.exists():
        return [word("build.missing", lang, file=file)]
    try:
        held = nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    except nbformat.reader.NotJSONError:
        return [word("build.differs_file", lang, file=file)]
    for number, (want, have) in enumerate(zip(made.cells, held.cells, strict=False), start=1):
        for part in ("cell_type", "source", "id", "metadata"):
            if want[part] != have.get(part):
                return [word("build.differs_cell", lang, file=file, cell=number, part=part)]
        if have.cell_type == "code" and have.source.strip() and not have.execution_count:
            return [word("build.not_executed", lang, file=file, cell=number)]
    whole = kept.alive_states(held).keys() == kept.shown(held)
    held.metadata.pop("widgets", None)
    if not whole or len(made.cells) != len(held.cells) or made.metadata != held.metadata:
        return [word("build.differs_file", lang, file=file)]
    return []


def _with_table(path: Path, lessons: list[Lesson], language: str) -> str:
    """The README with the table of lessons between its two marks. Raises CrmlabError when it lacks them."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not TABLE.search(text):
        raise CrmlabError("build_readme", file=path.name)
    lines = [word("build.table_head", language), "| --- | --- |"]
    for lesson in lessons:
        title = f"{lesson.header['number']} {lesson.header['title'][language]}"
        lines.append(f"| [{title}](notebooks/{language}/{lesson.stem}.ipynb) | {lesson.header['minutes']} |")
    return TABLE.sub(lambda marks: marks[1] + "\n".join(lines) + "\n" + marks[2], text)
