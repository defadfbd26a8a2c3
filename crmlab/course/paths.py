"""Where the course lies."""

from pathlib import Path

import crmlab
from crmlab.errors import CrmlabError


def course_root() -> Path:
    """The folder of the repository. Raises CrmlabError when crmlab is installed without its lessons."""
    root = Path(crmlab.__file__).resolve().parents[1]
    if not (root / "notebooks" / "source").is_dir():
        raise CrmlabError("no_course")
    return root
