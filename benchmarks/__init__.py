"""The one suite of benchmarks, which the wheel leaves out: ``make bench``.

`benchmarks.peers` measures the library's jobs beside everyone who is installed;
`benchmarks.promises` holds what the library must reach, each figure beside its bound.
"""
