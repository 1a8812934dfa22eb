"""A benchmark that nobody measured."""

from __future__ import annotations

from benchmarks.peers.result import Outcome
from benchmarks.storage.result import Bound, JobResult, Result, Role, StorageBenchmark, Turn
from samebytes.measure.machine import Machine


def make_benchmark() -> StorageBenchmark:
    """Return a job with a way of each outcome, and one that was left out."""
    turns = (Turn(100, 2.0, 1.0, 1 << 20), Turn(120, 2.0, 1.0, 1 << 20, {"faults": 3.0}))
    results = (
        Result("bare-4", "bare reads", Role.BARE, "pread", Outcome.MEASURED, "", turns),
        Result("auto", "samebytes", Role.OURS, "defaults", Outcome.MEASURED, "", turns[:1]),
        Result("torch", "PyTorch", Role.PEER, "workers", Outcome.ABSENT, "needs torch"),
        Result("grain", "Grain", Role.PEER, "threads", Outcome.FAILED, "killed by SIGKILL"),
    )
    job = JobResult(
        "crops",
        "Crops of images",
        "crops",
        4096,
        1 << 30,
        "Bare reads are bare.",
        results,
        (Bound("the best bare reads", 0.8, 0.91), Bound("a loop", 15, 3.0)),
    )
    missing = JobResult("http", "From a server", "crops", 4096, 0, "", left_out="no nginx")
    machine = Machine("a processor", "Linux", 2, 1 << 34, {"Python": "3.11.7"})
    return StorageBenchmark(
        machine,
        "vda, ext4",
        1 << 30,
        {"grain": "0.2.18"},
        "python -m benchmarks.storage",
        "2026-11-28",
        90.0,
        (job, missing),
    )
