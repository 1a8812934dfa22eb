"""The numbers of a batch as a chain of transforms finds them."""

import numpy as np

from samebytes.plan.component_spec import open_spec
from samebytes.plan.tables import open_tables


def test_tables_that_no_step_changes_cost_nothing():
    tables = open_tables(open_spec((5, 7, 3), np.dtype(np.uint8)))
    assert len(tables.geometry.steps) == 1
    assert (tables.geometry.height, tables.geometry.width) == (5, 7)
    assert tables.affine.scale.size == tables.affine.offset.size == 0
