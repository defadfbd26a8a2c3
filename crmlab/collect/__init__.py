"""Collecting: files into a customer base, with consent, clean, linked, and open to the people they speak of.

The names here load on first use, for `crmlab.data` needs this room before it is whole.
"""

from importlib import import_module

_ROOMS = {
    "CustomerBase": "base",
    "Key": "pseudonym",
    "Ledger": "ledger",
    "VerificationCodes": "codes",
    "check_form": "fields",
    "consent_overview": "consent",
    "coverage": "completeness",
    "delete_person": "person",
    "demand_consent": "consent",
    "export_person": "person",
    "find_personal": "scan",
    "find_traces": "person",
    "funnel": "behaviour",
    "identify": "person",
    "link": "linking",
    "load_events": "web_events",
    "no_consents": "ledger",
    "phone_confirmations": "codes",
    "portrait": "portraits",
    "with_consent": "consent",
}

__all__ = list(_ROOMS)


def __getattr__(name: str):
    if name in _ROOMS:
        return getattr(import_module(f"crmlab.collect.{_ROOMS[name]}"), name)
    raise AttributeError(f"module 'crmlab.collect' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_ROOMS]
