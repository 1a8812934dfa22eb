import re
from pathlib import Path

import pytest

pytest.importorskip("skimage")


def test_shows_the_same_address_twice(samebytes):
    done = samebytes("demo", "--tiles", "18")
    assert (done.returncode, done.stderr) == (0, "")
    of_array = re.search(r"address of the array +(0x[0-9a-f]+)", done.stdout)
    of_tensor = re.search(r"address of the tensor +(0x[0-9a-f]+) +the same", done.stdout)
    assert of_array is not None
    assert of_tensor is not None
    assert of_array[1] == of_tensor[1]
    assert done.stdout.count("values equal: True") == 3
    assert "anonymous memory" in done.stdout
    path = re.search(r"(/\S+/images\.npy):", done.stdout)
    assert path is not None
    assert not Path(path[1]).exists()  # removed at the end


def test_names_the_extra_where_the_photographs_are_missing(monkeypatch):
    import importlib.util

    from samebytes.errors import MissingPackage
    from samebytes.report.photographs import read_photographs

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingPackage, match=r"pip install 'samebytes\[demo\]'"):
        read_photographs()
