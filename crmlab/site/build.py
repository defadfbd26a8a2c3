"""From the repository to static pages: source trees, one Sphinx run per language, and a look at what came out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from crmlab.course.source import read_lessons
from crmlab.errors import CrmlabError
from crmlab.site.check import site_faults
from crmlab.site.door import door
from crmlab.site.sources import write_sources
from crmlab.words import LANGUAGES, word

NEEDED = ("sphinx", "myst_nb", "sphinx_book_theme")
CONF = """\
import sys

sys.modules.setdefault("rfc3987_syntax", None)  # a grammar on which nbformat would spend three seconds for nothing
from crmlab.site.settings import settings

globals().update(settings({lang!r}))
"""


def build_site(root: Path, out: Path, *, lang: str = "en", say: Callable[[str], None] = print) -> Path:
    """Make the site of the course that lies in `root` below `out`, and hand back its front page.

    `out/html` holds the pages: index.html, and a folder for each language; `out/work` holds what they are made of. The
    executed notebooks are taken as they are; nothing runs but the imports of the reference. The same repository gives
    the same bytes. `lang` is the language of what is said.

    Raises CrmlabError without the extra `site`, for a folder `out` with other things in it, for a page that Sphinx
    warns of, and for a link that leads nowhere or fetches from another host.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise CrmlabError("site_extra")
    lessons = read_lessons(root / "notebooks" / "source")
    if out.exists() and any(out.iterdir()) and not (out / "work" / "en" / "source" / "conf.py").is_file():
        raise CrmlabError("site_folder", folder=out.name)
    shutil.rmtree(out, ignore_errors=True)
    runs = {}
    for language in LANGUAGES:
        say(word("site.building", lang, language=word(f"site.name.{language}", lang)))
        work = out / "work" / language
        write_sources(root, work / "source", lessons, language)
        (work / "source" / "conf.py").write_text(CONF.format(lang=language), encoding="utf-8", newline="\n")
        runs[language] = _sphinx(work)
    said = {language: run.communicate()[0].strip() for language, run in runs.items()}
    for language, run in runs.items():
        if run.returncode:
            raise CrmlabError("site_sphinx", language=language, said=said[language])
        (out / "html").mkdir(exist_ok=True)
        (out / "work" / language / "html").rename(out / "html" / language)
    front = door(root, out / "html")
    if faults := site_faults(out / "html"):
        raise CrmlabError("site_faults", count=len(faults), faults="\n".join(faults[:20]))
    pages = sum(1 for path in (out / "html").rglob("*.html") if "_static" not in path.parts)
    say(word("site.done", lang, pages=pages, front=front))
    return front


def _sphinx(work: Path) -> subprocess.Popen:
    """One run of Sphinx in a process and a folder of its own; hashing is fixed, so that sets come out in one order."""
    return subprocess.Popen(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", "doctrees", "source", "html"],
        cwd=work,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
