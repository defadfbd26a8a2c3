"""`crmlab lab`: JupyterLab with the settings of the course, beside the user's own and never in them."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import zmq

from crmlab.lab import pages
from crmlab.words import word

LANGUAGE_PACK = "jupyterlab_language_pack_zh_CN"


def open_lab(root: Path, lang: str) -> int:
    """Open JupyterLab on the course in `root` and hand back 0 when it is closed.

    Writes out/lab/<lang> anew: the welcome page, the two tabs, and defaults for JupyterLab that the user's own settings
    overrule. Raises DataError where that folder cannot be written.
    """
    folder = root / "out" / "lab" / lang
    pages.write(folder, root, lang, translated=lang == "zh" and find_spec(LANGUAGE_PACK) is not None)
    # Jupyter looks into this folder first and into the user's afterwards; ours has nothing but defaults.
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [str(folder), known]))
    arguments = lab_arguments(root, lang)
    if "--allow-root" in arguments:
        print(word("run.lab_root", lang), file=sys.stderr, flush=True)
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(arguments)
    return 0


def lab_arguments(root: Path, lang: str) -> list[str]:
    """What JupyterLab is told: to show all of the repository, with our tabs, and to offer this Python only.

    >>> lab_arguments(Path("course"), "en")[2]
    '--LabApp.default_url=/lab'
    """
    arguments = [
        f"--ServerApp.root_dir={root}",
        "--ServerApp.kernel_spec_manager_class=crmlab.lab.kernels.ThisPython",
        "--LabApp.default_url=/lab",
        f"--LabApp.workspaces_dir={root / 'out' / 'lab' / lang / 'workspaces'}",
    ]
    if zmq.has("curve"):
        arguments.append("--KernelManager.transport_encryption=auto")
    return [*arguments, "--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else arguments
