import io

from rich.console import Console

from benchmarks.storage.page import render_storage
from benchmarks.storage.table import print_benchmark
from tests.benchmarks.storage.facts import make_benchmark


def test_prints_what_was_found():
    text = io.StringIO()
    print_benchmark(make_benchmark(), Console(file=text, width=160, highlight=False))
    printed = text.getvalue()
    line = next(line for line in printed.splitlines() if line.startswith("│ samebytes"))
    assert [cell.strip() for cell in line.split("│")[2:-1]] == [
        "50",
        "50 to 50",
        "0.91",
        "204.8 kB",
        "524.3 kB",
    ]
    assert "PyTorch: needs torch" in printed
    assert "Grain: killed by SIGKILL" in printed
    assert "reached: 0.91 times the best bare reads, at least 0.8 is asked" in printed
    assert "MISSED: 3 times a loop, at least 15 is asked" in printed
    assert "From a server: not measured; no nginx" in printed
    assert "Each process had 1.1 GB of memory" in printed
    assert "Measure it again: python -m benchmarks.storage" in printed


def test_the_page_says_the_same():
    page = render_storage(make_benchmark())
    assert "| | crops a second | lowest to highest |" in page
    assert "| **samebytes** | 50 | 50 to 50 | 0.91 | 204.8 kB | 524.3 kB |" in page
    assert "- reached: 0.91 times the best bare reads, at least 0.8 is asked." in page
    assert "PyTorch was left out: not installed (needs torch)." in page
    assert "- bare reads: pread" in page
    assert "Not measured: no nginx." in page
    assert "with 1.1 GB of memory" in page
