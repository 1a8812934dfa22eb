import collections
import pickle
from typing import NamedTuple

import pytest

from samebytes.plan.tree import flatten


class Pair(NamedTuple):
    image: object
    label: object


@pytest.mark.parametrize(
    ("nested", "names"),
    [
        (1, ("0",)),
        ((1, 2), ("0", "1")),
        ((1, (2, (3,))), ("0", "1.0", "1.1.0")),
        ({"b": 1, "a": 2}, ("a", "b")),
        ({"x": {"image": 1}, "y": (2, 3)}, ("x.image", "y.0", "y.1")),
        (Pair(1, 2), ("image", "label")),
        (collections.OrderedDict(b=1, a=2), ("b", "a")),
        ([1, 2], ("0",)),
        (None, ("0",)),
        ((), ()),
    ],
)
def test_leaves_have_names_and_go_back(nested, names):
    leaves, structure = flatten(nested)
    assert structure.names == names
    assert structure.rebuild(leaves) == nested
    assert type(structure.rebuild(leaves)) is type(nested)
    copied = pickle.loads(pickle.dumps(structure))
    assert copied == structure
    assert copied.rebuild(leaves) == nested


def test_structures_differ_by_nesting():
    assert flatten((1, 2))[1] == flatten((3, 4))[1]
    assert flatten((1, 2))[1] != flatten(Pair(1, 2))[1]
    assert flatten((1, (2,)))[1] != flatten((1, 2))[1]
