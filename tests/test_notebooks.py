"""What a notebook shows of datasets, verdicts and statistics: one is executed, and read."""

from __future__ import annotations

import tempfile

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from tests.seen_html import Seen, check_readable_anywhere

MAKE = """
import numpy as np, samebytes as sb
images, labels = np.zeros((100, 64, 64, 3), "uint8"), np.arange(100) % 10
ds = (
    sb.Dataset.from_tensor_slices({"image": images, "label": labels})
    .shuffle(seed=0)
    .map(sb.RandomCrop(48, 48)).map(sb.Rescaling(1 / 255))
    .batch(8)
)
"""
CELLS = {
    "make": MAKE,
    "dataset": "ds",
    "verdict": "sb.explain(images[:, 8:56, 8:56], to='numpy', dtype='float32')",
    "iterate": "iterator = ds.iterate()\nfor batch in iterator: pass",
    "stats": "iterator.stats()",
    "share": "array = sb.as_array(memoryview(images)); copy = sb.as_array(labels, copy=True)",
    "sharing": "sb.stats()",
}


def execute(cells):
    """Run cells in a kernel of their own, and give what each shows, by kind."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells.values()]
    )
    with tempfile.TemporaryDirectory() as folder:
        # Files, not ports: nobody else on this machine can talk to the kernel.
        config = Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})
        NotebookClient(notebook, config=config, timeout=120).execute(cwd=folder)
    return {
        name: [output["data"] for output in cell.outputs if "data" in output]
        for name, cell in zip(cells, notebook.cells, strict=True)
    }


@pytest.fixture(scope="module")
def shown():
    return execute(CELLS)


@pytest.fixture(scope="module")
def seen(shown):
    return {name: Seen(datas[0]["text/html"]) for name, datas in shown.items() if datas}


def test_the_last_line_of_a_cell_is_shown_as_html_and_as_text(shown):
    by_cell = {name: [sorted(data) for data in datas] for name, datas in shown.items()}
    both = [["text/html", "text/plain"]]
    assert by_cell == {
        name: both if name in {"dataset", "verdict", "stats", "sharing"} else [] for name in CELLS
    }
    assert shown["dataset"][0]["text/plain"] == (
        "<samebytes.Dataset: 13 batches of 8: image, label>"
    )


def test_all_of_it_can_be_read_in_both_themes_and_offline(seen):
    assert len(seen) == 4
    for page in seen.values():
        check_readable_anywhere(page)


def test_a_dataset_is_its_plan(seen):
    rows = seen["dataset"].rows
    assert seen["dataset"].text[0] == "Dataset: 13 batches of 8: image, label"
    assert [name for name, _ in rows] == [
        "source", "image", "label", "order", "one pass", "image", "label", "batch", "memory",
    ]  # fmt: skip
    assert rows[1] == ["image", "uint8 (64, 64, 3)"]
    assert rows[3] == ["order", "shuffle(seed=0): 100 samples"]
    made = "RandomCrop(48, 48) → Rescaling(0.00392157) → float32 (48, 48, 3)"
    assert rows[5] == ["image", made]


def test_a_verdict_is_its_reasons_and_a_picture(seen):
    page = seen["verdict"]
    assert dict(page.attributes)["data-outcome"] == "copied"
    assert page.text[0].startswith("uint8 (100, 48, 48, 3) to NumPy: copied, ")
    reasons = page.tags.count("li")
    assert reasons == 2
    assert "dtype: uint8 must become float32, element by element" in page.text
    assert page.tags.count("rect") == 16  # eight runs of bytes, each with its gap
    assert any("runs of 144 bytes, one each 192 bytes" in text for text in page.text)


def test_stats_are_figures_a_bar_and_a_conclusion(seen):
    page = seen["stats"]
    assert page.text[0] == "13 batches, 100 samples"
    facts = dict(page.rows)
    assert list(facts) == ["written", "memory", "made ahead", "waited", "consumed"]
    assert facts["written"].startswith("2.8 MB by ")
    assert page.tags.count("rect") == 2
    assert "the bottleneck" in page.text[-1]


def test_sharing_is_counted(seen):
    # The images twice and the labels once, and then the labels again, as asked.
    assert seen["sharing"].rows == [["shared", "3, 2.5 MB"], ["copied", "1, 800 bytes"]]
    assert seen["sharing"].text[-1] == "100% of the bytes were shared"


def test_a_cell_that_fails_would_be_noticed():
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute({"fails": "1 / 0"})
