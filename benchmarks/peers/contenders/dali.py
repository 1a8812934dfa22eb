"""NVIDIA DALI on the processor: images handed over without a copy, its one fused operator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.contender import DALI, Contender
from benchmarks.peers.contenders.numpy import shuffled
from benchmarks.peers.jobs.images import Images
from samebytes.memory.cores import available_cores

__all__ = ["CONTENDERS"]


def _images(job: Images, folder: Path) -> Iterator[Any]:
    from nvidia.dali import fn, pipeline_def, types

    images = job.images(folder)

    def batches() -> Iterator[list[Any]]:
        for chosen in shuffled(job.count, job.batch):
            yield [images[number] for number in chosen]

    def graph() -> Any:
        given = fn.external_source(
            source=batches(), batch=True, no_copy=True, dtype=types.UINT8, layout="HWC"
        )
        return fn.crop_mirror_normalize(
            given,
            crop=(job.crop, job.crop),
            crop_pos_x=fn.random.uniform(range=(0, 1)),
            crop_pos_y=fn.random.uniform(range=(0, 1)),
            mean=[0.0] * 3,
            std=[255.0] * 3,
            dtype=types.FLOAT,
            output_layout="HWC",
        )

    made = pipeline_def(batch_size=job.batch, num_threads=available_cores(), device_id=None)
    built = made(graph)()
    built.build()
    while True:
        (batch,) = built.run()
        yield np.asarray(batch.as_tensor())


CONTENDERS = (
    Contender(
        "images",
        "dali",
        "DALI, CPU",
        "external_source with batch=True and no_copy=True, and crop_mirror_normalize, which does "
        "all in one pass; as many threads as cores: measured against 1 and 4, prefetch_queue_depth "
        "3, 4 and 6, and copying; its .npy reader needs a file for each sample, and "
        "external_source takes no strided crop",
        _images,
        DALI,
        ("nvidia.dali",),
    ),
)
