"""Which layers this machine offers, tried out once in a worker without jobs."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from crmlab.sandbox import kernel, landlock

if TYPE_CHECKING:
    import pandas as pd

LAYERS = (
    "namespaces", "own_user", "privileges", "limits", "landlock", "landlock_tcp", "landlock_signals", "seccomp",
)  # fmt: skip


@dataclass(frozen=True)
class Capabilities:
    """`why` says for each layer why it does not hold, as a code; "" where it holds."""

    why: dict[str, str]

    @property
    def holds(self) -> dict[str, bool]:
        """Each layer, and whether it holds here."""
        return {layer: not why for layer, why in self.why.items()}

    @property
    def sandboxed(self) -> bool:
        """Whether jobs are kept in: calls are refused, and files by a view or by Landlock."""
        return self.holds["seccomp"] and (self.holds["namespaces"] or self.holds["landlock"])

    def table(self) -> "pd.DataFrame":
        """One row per layer: `layer` (code), `holds`, `detail` (code: `holds`, or why it does not)."""
        import pandas as pd

        rows = [(layer, not why, why or "holds") for layer, why in self.why.items()]
        return pd.DataFrame(rows, columns=["layer", "holds", "detail"])


@cache
def capabilities() -> Capabilities:
    """Look which layers hold on this machine, for this user.

    `namespaces`: a view of its own of files, processes and network; `own_user`: another user without rights (root
    only); `privileges`: every privilege given up; `limits`: of the kernel, per process; `landlock` (with its newer
    parts `landlock_tcp` and `landlock_signals`): files by path; `seccomp`: calls refused.
    """
    if not kernel.supported():
        return Capabilities(dict.fromkeys(LAYERS, "system"))
    from crmlab.sandbox.handle import Handle
    from crmlab.sandbox.readable import Readable
    from crmlab.sandbox.workers import Workers

    workers = Workers(())
    handle = Handle(workers, Readable.of((), ()))
    try:
        found = handle.why()
    finally:
        workers.stop()
        handle.stop()
    version = landlock.version()
    newer = {"landlock_tcp": "" if version >= 4 else "kernel", "landlock_signals": "" if version >= 6 else "kernel"}
    return Capabilities({layer: (found | newer)[layer] for layer in LAYERS})
