"""Copy a file, and be killed in the middle: ``python -m tests.shuffling.interrupted``.

Arguments: source, target, memory, and how many times progress is told before the process kills
itself; a negative number never does. A position is written each time.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from samebytes.shuffling import copying


def main() -> None:
    source, target = map(Path, sys.argv[1:3])
    memory, left = map(int, sys.argv[3:5])
    copying.SECONDS = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0

    def tell(now: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    copying.shuffled_copy(source, target, seed=5, memory=memory, progress=tell)


if __name__ == "__main__":
    main()
