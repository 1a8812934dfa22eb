"""Nothing to do: the pass reads memory, and mapped files as if they were memory."""

from __future__ import annotations

import mmap

from samebytes.engine.readers.reader import JobsOf, Reader
from samebytes.memory.files.hold import Region
from samebytes.plan.reader_choice import ReaderChoice

__all__ = ["Map"]


class Map(Reader):
    """Leaves all to the pass, and to the kernel of the system where a page is missing."""

    threads = 0

    def __init__(
        self,
        choice: ReaderChoice,
        regions: list[Region],
        jobs_of: JobsOf,  # noqa: ARG002
        depth: int,  # noqa: ARG002
    ) -> None:
        super().__init__(choice)
        for region in regions:
            if region.alias is not None:  # which may have been read ahead before
                region.alias.expect(mmap.MADV_NORMAL)

    def begin(self, number: int) -> None:
        """Let the block be read where it lies."""
