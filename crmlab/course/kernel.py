"""The kernel that runs lessons: the Python that runs crmlab, whatever kernels a person has installed."""

from subprocess import DEVNULL

import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

NAME = "python3"


class OwnKernel(AsyncKernelManager):
    """With no folder to look for kernels in, jupyter_client falls back to ipykernel on sys.executable."""

    @default("kernel_spec_manager")
    def _own_python_only(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[], parent=self)

    @default("transport_encryption")
    def _encrypted_if_possible(self) -> str:
        """Unencrypted, other users of the machine could listen to customer data."""
        return "auto" if zmq.has("curve") else "disabled"

    async def start_kernel(self, **options: object) -> None:
        """Start it with its own log kept off our terminal; what cells print comes by messages."""
        await super().start_kernel(stderr=DEVNULL, **options)
