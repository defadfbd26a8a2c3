"""What JupyterLab finds when the course opens it: the welcome page, the tabs and the defaults, per language."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from crmlab.errors import DataError
from crmlab.words import word

WELCOME = "welcome.md"
CONTENTS = "@jupyterlab/toc:plugin"
WIDTHS = (0.36, 0.64)
"""Shares of the page and of the notebook beside it."""
DEFAULTS = "labconfig/default_setting_overrides.json"
IN_NOTEBOOK = ".jp-Notebook.jp-mod-commandMode:not(.jp-mod-readWrite) :focus"
CONTROLS = ("input", "select", "[role=slider]")
ARROWS = {
    "ArrowUp": "notebook:move-cursor-up",
    "ArrowDown": "notebook:move-cursor-down",
    "ArrowLeft": "notebook:move-cursor-heading-above-or-collapse",
    "ArrowRight": "notebook:move-cursor-heading-below-or-expand",
}


def write(folder: Path, root: Path, lang: str, *, translated: bool) -> None:
    """Write the welcome page, the workspace and the defaults into `folder`, which lies inside `root`.

    `translated`: whether JupyterLab's own menus are to be in Chinese; their language pack is installed then. Raises
    DataError where the folder cannot be written.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    stems = [path.stem for path in sorted((root / "notebooks" / "source").glob("[0-9][0-9]_*.py"))]
    tabs = workspace((folder / WELCOME).relative_to(root).as_posix(), f"notebooks/{lang}/{stems[0]}.ipynb")
    try:
        (folder / DEFAULTS).parent.mkdir(parents=True, exist_ok=True)
        (folder / WELCOME).write_text(welcome(root, stems, lang, folder), encoding="utf-8", newline="\n")
        (folder / DEFAULTS).write_text(json.dumps(defaults(lang, translated)), encoding="utf-8", newline="\n")
        WorkspacesManager(str(folder / "workspaces")).save("default", json.dumps(tabs))
    except OSError as fault:
        raise DataError("lab_folder", folder=folder.relative_to(root).as_posix(), reason=fault.strerror) from None


def welcome(root: Path, stems: list[str], lang: str, folder: Path) -> str:
    """The welcome page in Markdown: two clicks to the first picture, the lessons in order, answers, help.

    `stems` name the lessons, such as "02_segment", and the links lead from `folder` into `root`.
    """
    up = "../" * len(folder.relative_to(root).parts)
    page = files("crmlab.lab").joinpath(f"welcome.{lang}.md").read_text(encoding="utf-8")
    rows = "\n".join(_row(root, stem, lang, up) for stem in stems)
    return page.format(up=up, lessons=rows, run_all=word("lab.run_all", lang))


def _row(root: Path, stem: str, lang: str, up: str) -> str:
    header = read_header(root / "notebooks" / "source" / f"{stem}.py")
    exercise = f"exercises/{lang}/{stem}.ipynb"
    practice = f" · [{word('lab.exercise', lang)}]({up}{exercise})" if (root / exercise).exists() else ""
    minutes = word("lab.minutes", lang, minutes=header["minutes"])
    title = f"{header['number']} {header['title'][lang]}"
    return f"- [{title}]({up}notebooks/{lang}/{stem}.ipynb) · {minutes}{practice}"


def read_header(source: Path) -> dict[str, Any]:
    """The header of a lesson alone. `crmlab.course.source` reads and checks the cells too, which takes seconds."""
    import yaml

    lines = source.read_text(encoding="utf-8").partition("\n# ---\n")[0].splitlines()[1:]
    return yaml.safe_load("\n".join(line.removeprefix("# ") for line in lines))["crmlab"]


def workspace(page: str, notebook: str) -> dict[str, Any]:
    """JupyterLab's layout: the contents at the left, the page, shown rendered, and beside it a notebook, in front."""
    tabs = {
        f"markdownviewer-widget:{page}": {"data": {"path": page, "factory": "Markdown Preview"}},
        f"notebook:{notebook}": {"data": {"path": notebook, "factory": "Notebook"}},
    }
    halves = [{"type": "tab-area", "currentIndex": 0, "widgets": [tab]} for tab in tabs]
    dock = {"type": "split-area", "orientation": "horizontal", "sizes": list(WIDTHS), "children": halves}
    layout = {
        "main": {"dock": dock, "current": f"notebook:{notebook}"},
        "left": {"collapsed": False, "visible": True, "current": CONTENTS, "widgets": [CONTENTS]},
        "relativeSizes": [0.18, 0.82, 0],
    }
    return {"data": {"layout-restorer:data": layout, **tabs}, "metadata": {"id": "default"}}


def arrows() -> list[dict[str, Any]]:
    """Shortcuts that leave the arrow keys to sliders, choices and lists inside a notebook.

    JupyterLab's own take them away and select another cell; these are switched off by name and come back with less.
    """
    elsewhere = IN_NOTEBOOK + "".join(f":not({control})" for control in CONTROLS)
    return [
        {"command": command, "keys": [key], "selector": selector} | extra
        for key, command in ARROWS.items()
        for selector, extra in ((IN_NOTEBOOK, {"disabled": True}), (elsewhere, {}))
    ]


def defaults(lang: str, translated: bool) -> dict[str, Any]:
    """Defaults of JupyterLab for the course: a button that runs all cells, code that is never cut off, arrow keys for
    widgets, guides shown rendered, no news.

    With `translated`, its menus are in Chinese.
    """
    button = {"name": "crmlab-run-all", "command": "notebook:run-all-cells", "label": word("lab.run_all", lang)}
    chosen = {
        "@jupyterlab/notebook-extension:panel": {"toolbar": [button | {"rank": 1}]},
        "@jupyterlab/notebook-extension:tracker": {"codeCellConfig": {"lineWrap": True}},
        "@jupyterlab/shortcuts-extension:shortcuts": {"shortcuts": arrows()},
        "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    return chosen | ({"@jupyterlab/translation-extension:plugin": {"locale": "zh_CN"}} if translated else {})
