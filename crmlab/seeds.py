"""Seeds: whole numbers that every library accepts."""

from crmlab.errors import ParameterError

LARGEST = 2**32 - 1
"""The largest seed of numpy's older generators, which scikit-learn uses."""


def check_seed(seed: object) -> None:
    """Raises ParameterError unless `seed` is a whole number from 0 to 2**32 - 1.

    >>> check_seed(618)
    >>> check_seed(-1)
    Traceback (most recent call last):
    ...
    crmlab.errors.ParameterError: seed: a whole number from 0 to 4294967295 is needed; it is -1.
    seed 要填 0 到 4294967295 的整数；现在是 -1。
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= LARGEST:
        raise ParameterError("seed", value=repr(seed), most=LARGEST)
