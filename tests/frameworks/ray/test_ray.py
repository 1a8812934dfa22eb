"""`to_ray`: read tasks that run the engine, and give the same bytes as here, in the same order."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import samebytes as sb
from samebytes.feeds import ray as feed

ray = pytest.importorskip("ray")
# Ray's own modules warn of what they will do one day, and leave files and processes behind.
pytestmark = pytest.mark.filterwarnings("default")

EXAMPLES = Path(__file__).parents[3] / "examples" / "frameworks"


@pytest.fixture(scope="module", autouse=True)
def cluster():
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=256 << 20,
        )
        yield
        ray.shutdown()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("files") / "x.npy"
    np.save(found, np.random.default_rng(0).integers(0, 256, (203, 24, 24, 3), np.uint8))
    return found


def dataset(source):
    shuffled = sb.Dataset.from_tensor_slices({"image": source, "label": np.arange(203)})
    return (
        shuffled.shuffle(seed=0)
        .map(sb.RandomCrop(16, 16), on="image", seed=1)
        .map(sb.Rescaling(1 / 255), on="image")
        .batch(16)
    )


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name, x in one.items():
            assert x.dtype == other[name].dtype
            np.testing.assert_array_equal(x, other[name])


@pytest.mark.parametrize("tasks", [1, 3, 50])
@pytest.mark.parametrize("mapped", [True, False])
def test_gives_the_same_bytes_in_the_same_order(path, tasks, mapped):
    ds = dataset(sb.open(path) if mapped else np.load(path))
    expected = list(ds.iterate(4))
    found = ds.to_ray(epoch=4, override_num_blocks=tasks)
    same(found.iter_batches(batch_size=None), expected)
    assert found.count() == 203
    assert found.columns() == ["image", "label"]


def test_a_mapped_file_travels_as_its_path(path):
    ds = sb.Dataset.from_tensor_slices(sb.open(path)).batch(16)
    assert len(pickle.dumps(ds)) < 4096


def test_each_call_is_an_epoch_which_can_be_read_again(path):
    ds = dataset(sb.open(path))
    first, second = ds.to_ray(), ds.to_ray()
    for _ in range(2):
        same(first.iter_batches(batch_size=None), ds.iterate(0))
    same(second.iter_batches(batch_size=None), ds.iterate(1))


def test_with_several_cores_a_task_has_several_threads(path):
    ds = dataset(sb.open(path))
    same(ds.to_ray(epoch=0, num_cpus=2).iter_batches(batch_size=None), ds.iterate(0))


def test_feeds_batches_of_torch(path):
    torch = pytest.importorskip("torch")
    ds = dataset(sb.open(path))
    found = list(ds.to_ray(epoch=0).iter_torch_batches(batch_size=None))
    assert found[0]["image"].dtype == torch.float32
    same([{k: v.numpy() for k, v in batch.items()} for batch in found], ds.iterate(0))
    assert [len(b["label"]) for b in ds.to_ray(epoch=0).iter_torch_batches(batch_size=32)][:2] == [
        32,
        32,
    ]


def test_single_samples_and_components_without_a_name(path):
    values = np.arange(1000 * 8, dtype=np.float32).reshape(1000, 8)
    ds = sb.Dataset.from_tensor_slices(values)
    found = list(ds.to_ray().iter_batches(batch_size=None))
    np.testing.assert_array_equal(np.concatenate([batch["data"] for batch in found]), values)
    pair = sb.Dataset.from_tensor_slices((values, np.arange(1000))).batch(100).to_ray()
    assert pair.columns() == ["0", "1"]


def test_functions_of_ones_own_run_in_the_tasks(path):
    ds = sb.Dataset.from_tensor_slices(np.arange(40.0)).batch(8).map(np.negative)
    found = list(ds.to_ray().iter_batches(batch_size=None))
    np.testing.assert_array_equal(np.concatenate([b["data"] for b in found]), -np.arange(40.0))


def test_what_cannot_be_is_refused_in_words(path):
    with pytest.raises(
        ValueError, match="to_ray\\(\\) makes one epoch, and this dataset is endless"
    ):
        dataset(sb.open(path)).repeat().to_ray()
    narrow = sb.Dataset.from_tensor_slices({"x": sb.zeros((8, 4), "bfloat16")}).batch(4)
    with pytest.raises(
        sb.Unconvertible,
        match=r"component x of bfloat16 cannot become a column of Ray: .* sb.Cast\('float32'\)",
    ):
        narrow.to_ray()
    with pytest.raises(ValueError, match=r"to_ray\(num_cpus="):
        dataset(sb.open(path)).to_ray(num_cpus=0)


def test_a_dataset_lies_once_in_the_store(path):
    ds = dataset(np.load(path))
    assert feed._reference_to(ds) == feed._reference_to(ds)


def test_two_workers_train_together():
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "ray_two_workers.py")],
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "worker 0: 128 samples an epoch",
        "worker 1: 128 samples an epoch",
    ]
    assert all(float(line.rpartition(" ")[2]) < 0.05 for line in lines), lines
