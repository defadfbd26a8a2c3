"""Is this machine ready? Python, the packages, the Chinese font and the encodings, each tried for real."""

import sys
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING

from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("pandas", "duckdb", "narwhals", "seaborn", "sklearn", "papermill")
SAMPLE = "客户分析：R↓F↑M↑ ¥618"


def environment(lang: str = "zh") -> "pd.DataFrame":
    """One row per check: what was tried, and whether it works ("yes"), or what to do."""
    import pandas as pd

    tried = {
        "python": sys.version_info >= (3, 11),
        "packages": all(_imports(package) for package in PACKAGES),
        "font": _draws(SAMPLE),
        "encoding": all(SAMPLE.encode(code).decode(code) == SAMPLE for code in ("utf-8", "utf-8-sig", "gb18030")),
    }
    return pd.DataFrame(
        {
            "check": [word(f"doctor.{name}", lang) for name in tried],
            "works": [word("doctor.yes" if good else f"doctor.mend_{name}", lang) for name, good in tried.items()],
        }
    )


def _imports(package: str) -> bool:
    try:
        import_module(package)
    except ImportError:
        return False
    return True


def _draws(text: str) -> bool:
    """Whether the font of the course has a glyph for every character."""
    from fontTools.ttLib import TTFont

    with (files("crmlab") / "fonts" / "noto_sans_sc_gb2312.ttf").open("rb") as font:
        known = TTFont(font).getBestCmap()
    return all(ord(character) in known for character in text)
