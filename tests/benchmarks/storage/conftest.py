from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.storage.sources import SourceMissing, source_of
from tests.benchmarks.storage.tiny import MEMORY


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """Give any of the sources, each made once."""
    with ExitStack() as stack:
        yield Sources(tmp_path_factory.mktemp("sources"), stack)


class Sources:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._made: dict[str, str] = {}

    def __call__(self, kind: str) -> str:
        if kind not in self._made:
            folder = self._folder / kind
            folder.mkdir()
            try:
                made = self._stack.enter_context(source_of(kind, folder, MEMORY))
            except SourceMissing as why:
                pytest.skip(str(why))
            self._made[kind] = made
        return self._made[kind]
