"""Collect no more than is needed: a form may ask only for the fields that are declared."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmlab.errors import DataError
from crmlab.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

ALLOWED = tuple(column.name for column in TABLES["customers"].columns)
"""The declared fields: the columns of customers. None is sensitive in the sense of PIPL art. 28."""
NEVER_REQUIRED = ("sex",)
"""Fields that stay the customer's free choice."""


def check_form(fields: Sequence[str], *, required: Sequence[str] = ()) -> "pd.DataFrame":
    """A form that may be used: a row per field with field, required and personal (both booleans).

    `fields` are the columns of customers that the form asks for, `required` those that must be filled in. Minimisation
    after PIPL art. 6 and 19: raises DataError for a field that is not declared, for a form that requires a
    customer's sex, and for a required field that the form does not ask for.

    >>> check_form(["name", "phone", "sex"], required=["phone"])["required"].tolist()
    [False, True, False]
    """
    import pandas as pd

    outside = [name for name in fields if name not in ALLOWED]
    if outside:
        raise DataError("form_outside", fields=", ".join(outside), count=len(outside), allowed=", ".join(ALLOWED))
    forced = [name for name in required if name in NEVER_REQUIRED]
    if forced:
        raise DataError("form_forced", fields=", ".join(forced))
    unasked = [name for name in required if name not in fields]
    if unasked:
        raise DataError("form_unasked", fields=", ".join(unasked))
    personal = {column.name: column.personal for column in TABLES["customers"].columns}
    return pd.DataFrame(
        [(name, name in required, personal[name]) for name in fields], columns=["field", "required", "personal"]
    )
