import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import samebytes


@pytest.fixture(scope="module", params=["", ", low=table, high=table"], ids=["", "clip"])
def assembly(tmp_path_factory, request):
    """The machine code for uint8 to float32; another process, as cached code has none to show."""
    code = (
        "import kernel_jobs as t\n"
        "from samebytes.engine.kernels import fill as loops, job as kernels\n"
        "source, indices, geometry, out, table = t.usual()\n"
        "batch = source, indices, geometry, out\n"
        f"job = kernels.prepare(*batch, scale=table, offset=table{request.param})\n"
        "t.fill_all(job)\n"
        "[text] = loops.fill_chunk.inspect_asm().values(); print(text)"
    )
    folders = [Path(samebytes.__file__).parent.parent, Path(__file__).parent.parent]
    fresh = {
        "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
    }
    return subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=120, text=True,
        capture_output=True, env={**os.environ, **fresh},
    ).stdout  # fmt: skip


def test_the_inner_loop_is_vectorised_and_streams(assembly):
    if "vmovntps" not in assembly and "movntps" not in assembly:
        pytest.skip("no streaming stores on this processor")
    assert re.search(r"v?movntps\t%[xyz]mm", assembly)
    # uint8 to float32 as vectors: zero-extend, convert, multiply, add, in plain and streamed loops.
    for operation in (r"pmovzxbd\t.*mm", r"cvtdq2ps\t.*mm", r"mulps\t.*mm", r"addps\t.*mm"):
        assert len(re.findall(operation, assembly)) >= 4, operation


def test_product_and_sum_are_not_fused(assembly):
    assert not re.search(r"v?fn?m(add|sub)\d*[ps][sd]", assembly)


def test_no_reference_is_counted_in_the_loop(assembly):
    # One atomic operation for each line would more than double the time (see fill_chunk). Those
    # left are the fence and the owners of the arguments, before and after the loop.
    body = assembly.split("fill_chunk", 1)[1].split(".Lfunc_end0", 1)[0]
    labels = [m.start() for m in re.finditer(r"mov(nt|u)ps\t%zmm", body)]
    if labels:
        inner = body[min(labels) : max(labels)]
        assert not re.search(r"lock\s+(inc|dec)q", inner)
        assert "NRT_" not in inner
