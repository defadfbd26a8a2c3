"""The reference: a page for each room that says what it offers, made from the docstrings by Sphinx."""

import ast
from pathlib import Path

from crmlab.words import word

FACE = "crmlab"


def rooms(package: Path) -> list[str]:
    """The modules whose `__all__` is the reference: crmlab itself, and its rooms by name.

    >>> import crmlab
    >>> rooms(Path(crmlab.__file__).parent)[:3]
    ['crmlab', 'crmlab.care', 'crmlab.cases']
    """
    offering = [path.parent.name for path in sorted(package.glob("*/__init__.py")) if _offers(path)]
    return [FACE, *(f"{FACE}.{name}" for name in offering)]


def _offers(path: Path) -> bool:
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__all__" for one in statements)


def api_pages(package: Path, source: Path, lang: str) -> None:
    """Write the pages of the reference into the source tree of a language.

    The names of crmlab itself stand in their rooms too: there they are indexed.
    """
    folder = source / "api"
    folder.mkdir(parents=True, exist_ok=True)
    names = rooms(package)
    lines = "\n".join(names)
    index = f"# {word('site.api', lang)}\n\n{word('site.api_about', lang)}\n\n```{{toctree}}\n{lines}\n```\n"
    (folder / "index.md").write_text(index, encoding="utf-8", newline="\n")
    for name in names:
        again = "   :no-index:\n" if name == FACE else ""
        text = f"{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n   :members:\n{again}"
        (folder / f"{name}.rst").write_text(text, encoding="utf-8", newline="\n")
