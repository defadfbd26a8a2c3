"""The front page of the site: which language?"""

import shutil
from importlib.resources import files
from pathlib import Path

from crmlab.words import word


def door(root: Path, html: Path) -> Path:
    """Write the page that leads to both languages, and hand back its path."""
    import jinja2

    shutil.copyfile(root / "docs" / "first_zh.png", html / "first_zh.png")
    shutil.copyfile(root / "docs" / "first_en.png", html / "first_en.png")
    template = files("crmlab.site").joinpath("templates", "door.html").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True, keep_trailing_newline=True).from_string(template).render(word=word)
    front = html / "index.html"
    front.write_text(page, encoding="utf-8", newline="\n")
    return front
