import numpy as np
import pytest

from benchmarks.peers.contenders import numpy as careful
from benchmarks.peers.jobs import FULL, QUICK, job_from
from benchmarks.peers.jobs.fit import Fit
from benchmarks.peers.jobs.images import Images
from benchmarks.peers.jobs.job import WrongBatchError
from benchmarks.peers.jobs.tokens import Tokens
from benchmarks.peers.jobs.windows import Windows

IMAGES = Images(count=8, size=40, crop=16, batch=4)
WINDOWS = Windows(rows=500, features=3, length=5, batch=16)
TOKENS = Tokens(count=20_000, context=8, sequences=16)
FIT = Fit(count=600, size=8, batch=32)


def test_quick_is_the_same_jobs():
    assert [type(job) for job in QUICK] == [type(job) for job in FULL]
    assert sum(job.source_bytes for job in QUICK) < sum(job.source_bytes for job in FULL)


@pytest.mark.parametrize("job", [IMAGES, WINDOWS, TOKENS, FIT], ids=lambda job: job.key)
class TestEach:
    def test_travels_as_plain_values(self, job):
        assert job_from(job.facts()) == job

    def test_writes_the_bytes_that_it_says(self, job, tmp_path):
        job.write(tmp_path)
        headers = 128 * sum(path.suffix == ".npy" for path in tmp_path.iterdir())
        written = sum(path.stat().st_size for path in tmp_path.iterdir())
        assert written - headers == job.source_bytes


def refused(job, batch, folder):
    with pytest.raises(WrongBatchError) as found:
        job.places(batch, folder)
    return str(found.value)


def test_images_tell_where_crops_come_from(tmp_path):
    IMAGES.write(tmp_path)
    image = IMAGES.images(tmp_path)
    corners = [(3, 5, 7), (0, 24, 24), (7, 0, 1), (3, 5, 7)]
    batch = np.stack([image[n, y : y + 16, x : x + 16] for n, y, x in corners]).astype("f4") / 255
    assert IMAGES.items(batch) == 4
    found = IMAGES.places(batch, tmp_path)
    assert found.tolist() == [(n * 40 + y) * 40 + x for n, y, x in corners]
    assert "in none of the images" in refused(IMAGES, batch[:, :, ::-1], tmp_path)
    assert "[0, 1]" in refused(IMAGES, batch * 255, tmp_path)
    assert "whole pixels" in refused(IMAGES, batch * np.float32(0.999), tmp_path)
    assert "float32" in refused(IMAGES, batch.astype("f8"), tmp_path)
    assert "shape" in refused(IMAGES, batch[1:], tmp_path)


def test_windows_tell_where_they_begin(tmp_path):
    WINDOWS.write(tmp_path)
    starts = np.arange(16)[::-1] * 30
    x, y = careful.windows_of(WINDOWS, tmp_path)(starts)
    assert WINDOWS.items((x, y)) == 16
    assert WINDOWS.places((x, y), tmp_path).tolist() == starts.tolist()
    assert "does not follow" in refused(WINDOWS, (x, y[::-1]), tmp_path)
    off = x.copy()
    off[3, 2, 2] += 1
    assert "not in the series" in refused(WINDOWS, (off, y), tmp_path)
    assert "float32" in refused(WINDOWS, (x.astype("f8"), y), tmp_path)


def test_fit_tells_which_images_it_saw(tmp_path):
    FIT.write(tmp_path)
    images, labels = FIT.images(tmp_path), FIT.labels(tmp_path)
    chosen = np.arange(32)[::-1] * 18
    x, y = images[chosen].astype("f4") / 255, labels[chosen]
    assert FIT.places((x, y), tmp_path).tolist() == chosen.tolist()
    assert "labels" in refused(FIT, (x, (y + 1) % 10), tmp_path)
    x[3, 4, 4, 1] += 0.5
    assert "off by up to 0.5" in refused(FIT, (x, y), tmp_path)
