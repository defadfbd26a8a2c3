"""The kernel that runs lessons: the Python that runs crmlab, whatever kernels a person has installed."""

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

NAME = "python3"


class OwnKernel(AsyncKernelManager):
    """With no folder to look for kernels in, jupyter_client falls back to ipykernel on sys.executable."""

    @default("kernel_spec_manager")
    def _own_python_only(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[], parent=self)
