"""A training of several processes in lockstep, one of which is killed, and the next takes over.

Nothing connects the processes but their files, so that no framework is needed: each notes the
samples of its slice, and waits until all have noted as many. Then some rank is killed, the others
end as a launcher ends them, and any other number of processes continues from the state of any.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import zlib
from pathlib import Path
from typing import Any

from samebytes import Dataset
from tests.engine.feeding import usual

EPOCHS, BATCH, SAMPLES = 3, 12, 150
NUMBERS = (1, 2, 3, 4, 6)
REMAINDER = "pad"


def dataset() -> Dataset:
    """Return what all train on."""
    return usual(SAMPLES, BATCH, threads=1)


def noted(batch: Any) -> list[list[int]]:
    """Return for each sample its number, a sum of its bytes, and whether it counts."""
    return [
        [int(label), zlib.crc32(image.tobytes()), int(weight)]
        for image, label, weight in zip(
            batch["image"], batch["label"], batch["weights"], strict=True
        )
    ]


def train(folder: Path, count: int, state: dict[str, Any] | None) -> None:
    """Run one rank, which its environment tells, from a state on to the end."""
    rank = int(os.environ["RANK"])
    notes = [folder / f"notes-{other}" for other in range(count)]
    ds = dataset().distribute(remainder=REMAINDER)
    begin = 0 if state is None else state["epoch"]
    steps = 0
    for epoch in range(begin, EPOCHS):
        with ds.iterate(epoch) as batches:
            if state is not None:
                batches.load_state_dict(state)
                state = None
            place = batches.state_dict()
            for batch in batches:
                line = json.dumps([epoch, place["position"], noted(batch)]) + "\n"
                with notes[rank].open("a") as file:
                    file.write(line)
                steps += 1
                while any(_lines(path) < steps for path in notes):
                    time.sleep(0.001)
                place = batches.state_dict()
                new = folder / f"state-{rank}.new"
                new.write_text(json.dumps(place))
                new.replace(folder / f"state-{rank}")


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _ended(child: int) -> bool:
    """Return whether a process has ended; it stays to be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def main() -> None:
    """Kill and continue until the last epoch has ended; each round has a folder."""
    folder, rng = Path(sys.argv[1]), random.Random(int(sys.argv[2]))  # noqa: S311
    state, rounds, ended = None, 0, False
    while not ended:
        count = rng.choice(NUMBERS)
        place = folder / f"{rounds:03}-{count}"
        place.mkdir()
        children = []
        for rank in range(count):
            child = os.fork()
            if child == 0:
                os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(count)}
                train(place, count, state)
                return
            children.append(child)
        if rounds < 5:
            fewest = rng.randint(1, 6)
            while _lines(place / "notes-0") < fewest and not _ended(children[0]):
                time.sleep(0.001)
            os.kill(rng.choice(children), signal.SIGKILL)
            for child in children:
                os.kill(child, signal.SIGKILL)
        statuses = [os.waitpid(child, 0)[1] for child in children]
        ended = not any(statuses)
        states = sorted(place.glob("state-?"))
        state = json.loads(rng.choice(states).read_text()) if states else state
        rounds += 1


if __name__ == "__main__":
    main()
