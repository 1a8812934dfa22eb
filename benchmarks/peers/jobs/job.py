"""What a job is: data made once, the batches asked for, and how to tell that they are right."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

__all__ = ["Job", "WrongBatchError", "require"]

Places = npt.NDArray[np.int64]


class WrongBatchError(Exception):
    """A contender gave a batch that is not what the job asks for."""


def require(holds: Any, message: str) -> None:
    """Raise `WrongBatchError` with `message` unless `holds`."""
    if not holds:
        raise WrongBatchError(message)


@dataclass(frozen=True)
class Job(ABC):
    """One job; its fields are all that a child needs to know of it."""

    key: ClassVar[str]
    unit: ClassVar[str]

    @property
    @abstractmethod
    def title(self) -> str:
        """Return one sentence for people."""

    @property
    @abstractmethod
    def item_bytes(self) -> int:
        """Return the bytes of a finished item."""

    @property
    @abstractmethod
    def batch_items(self) -> int:
        """Return how many items a batch holds."""

    @property
    @abstractmethod
    def source_bytes(self) -> int:
        """Return the bytes of the data."""

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Make the data, once for all contenders; so it is in the page cache too."""

    @abstractmethod
    def items(self, batch: Any) -> int:
        """Return how many items `batch` holds, whatever framework it belongs to."""

    @abstractmethod
    def places(self, batch: Any, folder: Path) -> Places:
        """Return where in the data each sample of `batch` comes from.

        Raises
        ------
        WrongBatchError
            If shape, dtype or range is another, or a sample is nowhere in the data.
        """

    def facts(self) -> dict[str, Any]:
        """Return the key and all fields as plain values, for a child's command line."""
        return {"key": self.key, **asdict(self)}
