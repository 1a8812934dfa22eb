import io

from rich.console import Console

from benchmarks.peers.table import print_benchmark


def test_prints_what_was_found(benchmark):
    text = io.StringIO()
    print_benchmark(benchmark, Console(file=text, width=160, highlight=False))
    printed = text.getvalue()
    assert "64x8 tokens at random places of a file of 20,000 uint16" in printed
    assert "is_killed_in_its_turn: failed; killed by SIGSEGV" in printed
    assert "absent: not installed; needs no_such.package; pip install no-such-package" in printed
    assert "memset on all cores" in printed
    assert "Measure it again: python -m benchmarks.peers" in printed
    (job,) = benchmark.jobs
    well = next(each for each in job.results if each.key == "batches")
    line = next(line for line in printed.splitlines() if line.startswith("│ batches"))
    assert f"{well.rate:,.0f}" in line
    assert f"{well.rate / job.limit.rate:.0%}" in line
