import numpy as np
import pytest

from benchmarks.storage.disk import disk_of, drop_pages
from samebytes.memory.files.filesystem import filesystem_of
from samebytes.memory.files.residency import can_tell, resident_share


def test_names_the_file_system(tmp_path):
    assert str(filesystem_of(tmp_path)) in disk_of(tmp_path)
    assert disk_of(tmp_path, tmp_path) == filesystem_of(tmp_path)


def test_pages_leave_memory(disk):
    path = disk / "folder" / "x.bin"
    path.parent.mkdir()
    path.write_bytes(bytes(1 << 20))
    if not can_tell(path):
        pytest.skip("the system does not tell what is in memory")
    drop_pages(path.parent)
    mapped = np.memmap(path, np.uint8, "r")
    assert resident_share(mapped.ctypes.data, len(mapped), 64) == 0
