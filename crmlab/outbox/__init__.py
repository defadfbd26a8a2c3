"""The outbox: messages from templates, a decision for each request, files to send, and proof of it all."""

from importlib import import_module

_ROOMS = {
    "Outbox": "box",
    "Report": "report",
    "Rules": "rules",
    "Sender": "mail",
    "Template": "templates",
    "forget_person": "forget",
    "is_opt_out": "rules",
    "open_rules": "rules",
    "open_templates": "templates",
    "read_template": "templates",
    "sms_length": "sms",
}

__all__ = list(_ROOMS)


def __getattr__(name: str):
    if name in _ROOMS:
        return getattr(import_module(f"crmlab.outbox.{_ROOMS[name]}"), name)
    raise AttributeError(f"module 'crmlab.outbox' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_ROOMS]
