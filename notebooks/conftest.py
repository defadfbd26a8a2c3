"""The lessons under test: how long a cell took is none of its outputs, so their kernels tell no progress."""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TQDM_DISABLE", "1")
        return (yield)
