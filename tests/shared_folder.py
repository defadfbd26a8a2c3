"""Folders that every user of this machine may enter, so that nothing but the sandbox closes them: for tests."""

import tempfile
from pathlib import Path


def open_to_all(folder: Path) -> None:
    """Add the right to read and enter to a folder and to those above it inside the temporary folder."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for one in (folder.resolve(), *folder.resolve().parents):
        if one != temporary and one.is_relative_to(temporary):
            one.chmod(one.stat().st_mode | 0o555)
