"""JupyterLab as a newcomer meets it: a page that says what to do, the first lesson, and this Python."""

from crmlab.lab.start import lab_arguments, open_lab

__all__ = ["lab_arguments", "open_lab"]
