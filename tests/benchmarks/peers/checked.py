"""Open, check and run all contenders of one package, in this one process."""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.child import open_contender
from benchmarks.peers.contenders import CONTENDERS
from tests.benchmarks.peers.tiny import JOBS


def main(module: str) -> None:
    chosen = [
        each for each in CONTENDERS if (each.package.module if each.package else "") == module
    ]
    found = {}
    for job in JOBS:
        with tempfile.TemporaryDirectory() as folder:
            job.write(Path(folder))
            for contender in chosen:
                if contender.job == job.key:
                    turns = open_contender(contender, job, Path(folder))
                    found[f"{job.key} {contender.key}"] = turns.run(0, 0.01).items
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
    import os

    os._exit(0)
