"""The one kernel that JupyterLab offers: the Python that runs crmlab."""

from jupyter_client.kernelspec import KernelSpecManager
from traitlets import default


class ThisPython(KernelSpecManager):
    """Looks into no folder, so what a person once installed under the name "python3" cannot take its place.

    jupyter_client then falls back to ipykernel on sys.executable.
    """

    @default("kernel_dirs")
    def _no_folder(self) -> list[str]:
        return []
