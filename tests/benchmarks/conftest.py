"""The tests of the benchmarks measure, if only a little: nothing else may run beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; the hook is given those of all."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.measures)
