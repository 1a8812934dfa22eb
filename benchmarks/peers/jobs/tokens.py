"""Contexts of tokens and what follows each token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from benchmarks.peers.jobs.job import Job, Places, WrongBatchError, require

__all__ = ["Tokens"]

_VOCABULARY = 50_257


@dataclass(frozen=True)
class Tokens(Job):
    """Contexts of a file of uint16 tokens, at random places, as int64 x and y.

    Attributes
    ----------
    count, context, sequences : int
        Tokens in the file, in a context, contexts in a batch.
    """

    count: int = 20_000_000
    context: int = 1024
    sequences: int = 64

    key: ClassVar[str] = "tokens"
    unit: ClassVar[str] = "tokens"

    @property
    def title(self) -> str:
        """Return one sentence for people."""
        return (
            f"{self.sequences}x{self.context} tokens at random places of a file of "
            f"{self.count:,} uint16, as int64 x and y, y one token ahead"
        )

    @property
    def item_bytes(self) -> int:
        """Return the bytes of a token in x and in y."""
        return 16

    @property
    def batch_items(self) -> int:
        """Return how many tokens a batch holds."""
        return self.sequences * self.context

    @property
    def source_bytes(self) -> int:
        """Return the bytes of the file."""
        return self.count * 2

    def path(self, folder: Path) -> Path:
        """Return where the tokens lie."""
        return folder / "train.bin"

    def tokens(self, folder: Path) -> npt.NDArray[Any]:
        """Return the tokens, mapped, as anyone would without this library."""
        return np.memmap(self.path(folder), np.uint16, "r")

    def write(self, folder: Path) -> None:
        """Write tokens without any order."""
        numbers = np.random.default_rng(0)
        numbers.integers(0, _VOCABULARY, self.count, np.uint16).tofile(self.path(folder))

    def items(self, batch: Any) -> int:
        """Return how many tokens `batch` holds."""
        return int(batch[1].shape[0]) * self.context

    def places(self, batch: Any, folder: Path) -> Places:
        """Return where in the file each of the first contexts begins."""
        require(len(batch) == 2, f"expected x and y, got {len(batch)} parts")
        x, y = map(np.asarray, batch)
        expected = (self.sequences, self.context)
        for part in (x, y):
            require(part.shape == expected, f"expected the shape {expected}, got {part.shape}")
            require(part.dtype == np.int64, f"expected int64, got {part.dtype}")
        require(np.array_equal(x[:, 1:], y[:, :-1]), "expected y to be x, one token on")
        text = self.tokens(folder)
        # To look for all of them in the whole file would take longer than it is worth.
        return np.array([_place(x[row], y[row, -1], text) for row in range(0, len(x), 8)])


def _place(context: npt.NDArray[Any], follows: Any, text: npt.NDArray[Any]) -> int:
    length = len(context)
    for start in np.flatnonzero(text[:-length] == context[0]):
        piece = text[start : start + length + 1]
        if piece[1] == context[1] and np.array_equal(piece, [*context, follows]):
            return int(start)
    message = "a context that is nowhere in the file"
    raise WrongBatchError(message)
