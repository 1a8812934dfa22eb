"""The README's table is what ``samebytes compare`` prints: every way, and its outcome."""

from __future__ import annotations

import re
from pathlib import Path

from samebytes.compare.ways import WAYS

README = (Path(__file__).parent.parent / "README.md").read_text()
TABLE = README.split("<!-- compare: begin -->")[1].split("<!-- compare: end -->")[0]


def test_every_way_is_in_the_table_once_in_order():
    codes = re.findall(r"^\| `(.+?)`", TABLE, re.MULTILINE)
    assert codes == [way.code for way in WAYS]


def test_the_table_names_its_machine_and_how_to_print_it_again():
    assert "TensorFlow 2." in TABLE
    assert "Measure it again: `samebytes compare" in TABLE


def test_what_samebytes_promises_to_share_was_measured_as_shared():
    shared = [line for line in TABLE.splitlines() if "✓ shared" in line]
    assert any("`sb.as_tensor(x)` | `sb.open" in line for line in shared)
    assert any("`tf.convert_to_tensor(x)` | `sb.Array`" in line for line in shared)
