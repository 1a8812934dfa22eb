"""Measure what a copy costs when it is repeated: ``python -m benchmarks.readme_first_touch``.

Most of a first copy is memory that the system hands over, page by page, as it is written for the
first time. Each way runs in a process of its own; the table goes to the documentation's page.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import samebytes as sb
from samebytes.compare.images import IMAGE_BYTES, ordinary
from samebytes.measure.machine import this_machine
from samebytes.measure.memory import anonymous_bytes
from samebytes.measure.tensorflow_startup import hide_accelerators, import_quietly
from samebytes.memory.gather import gather
from samebytes.share.layout import as_bytes_text

PAGE = Path(__file__).parent.parent / "docs" / "compare.md"
BEGIN, END = "<!-- first touch: begin -->\n", "<!-- first touch: end -->"
NBYTES, CALLS = 2_000_000_000, 4
WAYS = ("sb.as_tensor(x)", "tf.constant(x)", "into memory used before")


def measure(way: str) -> list[dict[str, float]]:
    """Return what each of a few calls of `way` cost in this process."""
    hide_accelerators()
    tensorflow = import_quietly()
    x = ordinary(NBYTES // IMAGE_BYTES)
    call = _call(way, tensorflow, x)
    call(ordinary(2))
    return [_cost(call, x) for _ in range(CALLS)]


def _call(way: str, tensorflow: Any, x: Any) -> Callable[[Any], Any]:
    if way == "sb.as_tensor(x)":
        return sb.as_tensor
    if way == "tf.constant(x)":
        return lambda array: tensorflow.constant(array)
    used = sb.zeros(x.shape, x.dtype)
    gather(x, used)
    return lambda array: gather(array, used[: len(array)])


def _cost(call: Callable[[Any], Any], x: Any) -> dict[str, float]:
    gc.collect()
    held, before = anonymous_bytes() or 0, resource.getrusage(resource.RUSAGE_SELF)
    begin = time.perf_counter()
    result = call(x)
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    del result
    gc.collect()
    return {
        "milliseconds": seconds * 1e3,
        "kernel_seconds": after.ru_stime - before.ru_stime,
        "page_faults": after.ru_minflt - before.ru_minflt,
        "kept_bytes": max(0, (anonymous_bytes() or 0) - held),
    }


def render(costs: dict[str, list[dict[str, float]]]) -> str:
    """Return the table, with the machine beneath it."""
    lines = [
        "| a copy by | call | time | CPU time in the kernel | page faults | kept afterwards |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for way, calls in costs.items():
        name = f"`{way}`" if "(" in way else f"samebytes, {way}"
        for number, cost in enumerate(calls, 1):
            figures = (
                f"{number}",
                f"{cost['milliseconds']:,.0f} ms",
                f"{cost['kernel_seconds']:.2f} s",
                f"{cost['page_faults']:,.0f}",
                as_bytes_text(cost["kept_bytes"]),
            )
            lines.append(f"| {name} | {' | '.join(figures)} |")
    size = as_bytes_text(NBYTES)
    lines += ["", f"{size}, each way in a process of its own. {this_machine()}.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure each way in a process of its own, and write the table."""
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(measure(sys.argv[1])))
        return
    costs = {}
    for way in WAYS:
        command = [sys.executable, "-m", "benchmarks.readme_first_touch", way]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        costs[way] = json.loads(done.stdout.splitlines()[-1])
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{render(costs)}{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
