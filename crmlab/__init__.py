"""crmlab: a customer-analytics course that you can run, grade and reuse.

The names here are the public face; everything else is imported from its room. They load on first use, so that importing
crmlab costs next to nothing.
"""

from importlib import import_module

_ROOMS = {
    "type_customers": "crmlab.rfm",
    "RFM": "crmlab.rfm",
    "open_data": "crmlab.data",
    "check_settings": "crmlab.course.settings",
    "CrmlabError": "crmlab.errors",
    "DataError": "crmlab.errors",
    "ParameterError": "crmlab.errors",
    "word": "crmlab.words",
}

__all__ = list(_ROOMS)
__version__ = "0.1.0"


def __getattr__(name: str):
    if name in _ROOMS:
        return getattr(import_module(_ROOMS[name]), name)
    raise AttributeError(f"module 'crmlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_ROOMS]
