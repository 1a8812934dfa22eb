"""The process in which one way is measured, which that way may end.

``python -m samebytes.compare.child KEY NBYTES`` prints what came of the way as one line of JSON.
That it ends the process is a finding too, and the parent's to report.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from samebytes.compare.trial import measure_way
from samebytes.compare.ways import WAYS

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Measure the way that the first of `arguments` names, on as many bytes as the second says."""
    key, nbytes = arguments
    way = next(way for way in WAYS if way.key == key)
    sys.stdout.write(json.dumps(asdict(measure_way(way, int(nbytes)))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
