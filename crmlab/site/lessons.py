"""Lessons as pages: the executed notebooks, their widgets alive without a kernel, and the way to their exercise."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.site.links import copy_file, download
from crmlab.widgets.inpage import alive_html
from crmlab.widgets.kept import VIEW, alive_states
from crmlab.words import word

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from crmlab.course.source import Lesson


def lesson_page(root: Path, source: Path, lesson: "Lesson", lang: str) -> None:
    """Write the executed notebook of a lesson into the source tree of its language."""
    import nbformat

    name = f"{lesson.stem}.ipynb"
    place = root / "notebooks" / lang / name
    made = nbformat.read(place, as_version=4)
    states = alive_states(made)
    made.metadata.pop("widgets", None)
    for cell in made.cells:
        if cell.cell_type == "code":
            _for_the_page(cell, states)
    page = f"lessons/{name}"
    ways = [download(word("site.notebook", lang), page, copy_file(place, source, f"notebooks/{name}"))]
    if lesson.questions:
        exercise = copy_file(root / "exercises" / lang / name, source, f"exercises/{name}")
        ways.append(download(word("site.exercise", lang), page, exercise))
    made.cells[0].source += "\n\n" + " · ".join(ways)
    (source / page).parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, source / page)


def _for_the_page(cell: "NotebookNode", states: dict[str, dict[str, Any]]) -> None:
    """Leave the outputs that a page can show. A live widget hides the still state that follows it by itself.

    A picture hands its words for those who do not see it to the page.
    """
    for output in cell.outputs:
        data = output.get("data", {})
        view = data.pop(VIEW, None)
        if view and view["model_id"] in states:
            data["text/html"] = alive_html(view["model_id"], states)
        if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
            cell.metadata["mystnb"] = {"image": {"alt": alt}}
    cell.outputs = [one for one in cell.outputs if one.output_type == "stream" or any(one.get("data", {}).values())]
