"""How an attack notebook is described, and what each of them begins with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

BEGIN = '''\
known = {known}
def tried(name, do):
    """Say whether it worked: whatever prints "got" has won."""
    try:
        found = do()
    except BaseException as error:
        print(name, "refused", type(error).__name__)
    else:
        print(name, "got", repr(found)[:200])
'''


@dataclass(frozen=True)
class Attack:
    """One hostile submission for lesson 00_start.

    `q1` and `q2` are the code of the two answer cells. The run must end with `outcome`, must have shown what the
    patterns `says` find (so that the attack did run), and its marks must have the `verdicts` and its record the `flags`
    that are given. `change` alters the notebook, `files` stand beside it by their path (a text "-> path" is a link),
    and `name` is that of the notebook's file. The texts `shown` must stand on the feedback page, as harmless text.
    """

    q1: str = ""
    q2: str = ""
    outcome: str = "done"
    says: tuple[str, ...] = ("tried",)
    verdicts: dict[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    change: Callable[[dict[str, Any]], None] = lambda notebook: None
    files: dict[str, str | bytes] = field(default_factory=dict)
    name: str = "work.ipynb"
    shown: tuple[str, ...] = ()


ENDED = ("RunEnded",)
