"""The jobs at a size that takes no time."""

from benchmarks.peers.jobs.fit import Fit
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows

JOBS = (
    Images(count=24, size=40, crop=16, batch=8),
    Windows(rows=2000, features=3, length=5, batch=16),
    # Of tokens every eighth row is looked at; two of a batch would often be in order by chance.
    Tokens(count=20_000, context=8, sequences=64),
    Fit(count=320, size=8, batch=32, epochs=1),
)
