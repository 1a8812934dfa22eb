"""Which mapped file, or which source of a lazy array, an address belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from samebytes.memory.files.hold import Region

__all__ = ["RegionTable"]

Indices = npt.NDArray[np.int64]


class RegionTable:
    """Regions, looked up by address.

    Parameters
    ----------
    regions : sequence of Region
        None overlaps another.

    Attributes
    ----------
    regions : list of Region
        The same, sorted by address.
    begins : ndarray of int64
        The address of each.
    """

    def __init__(self, regions: Sequence[Region]) -> None:
        self.regions = sorted(regions, key=lambda region: region.address)
        self.begins = np.array([region.address for region in self.regions], np.int64)
        sizes = np.array([region.nbytes for region in self.regions], np.int64)
        self._ends = self.begins + sizes

    def within(self, starts: Indices, stops: Indices) -> tuple[Indices, Indices, Indices]:
        """Return those ranges that lie in a region and are not empty, and which region each is in.

        Parameters
        ----------
        starts, stops : ndarray of int64
            Ranges of addresses.
        """
        place = np.searchsorted(self.begins, starts, "right") - 1
        there = (place >= 0) & (starts < self._ends[place]) & (stops > starts)
        return starts[there], stops[there], place[there]
