"""Files written in a random order once, so that reading them in order is a shuffle."""

from samebytes.shuffling.copying import shuffled_copy
from samebytes.shuffling.progress import Progress

__all__ = ["Progress", "shuffled_copy"]
