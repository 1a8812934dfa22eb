"""Every reader gives the same bytes, asks for what it needs, and says what it did."""

import gc
import os
import shutil
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.feeding import no_threads_left, worker_threads

import samebytes as sb
from samebytes.engine.executor import Executor
from samebytes.engine.readers import ahead, file_fetcher
from samebytes.engine.schedule import Schedule

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for pages")

READERS = ("map", "ahead", "read")
COUNT, HEIGHT, WIDTH = 90, 24, 20


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Return files of images, of rows with columns, of tokens; some in two parts."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (COUNT, HEIGHT, WIDTH, 3), np.uint8)
    made = {
        "images": images,
        "planar": np.ascontiguousarray(images.transpose(0, 3, 1, 2)),
        "fortran": np.asfortranarray(images.astype(">u2")),
        "first": rng.standard_normal((300, 7)).astype("float32"),
        "second": rng.standard_normal((211, 7)).astype("float32"),
        "tokens": rng.integers(0, 60_000, 4_001).astype("uint16"),
    }
    for name, values in made.items():
        np.save(folder / f"{name}.npy", values)
    return {name: folder / f"{name}.npy" for name in made}


@pytest.fixture
def cold(paths, disk):
    """Return the same files anew: what nobody has mapped can be dropped from memory."""
    return {name: shutil.copy(path, disk) for name, path in paths.items()}


def dropped(path):
    """Return a file opened anew, whose pages are not in memory unless others have it mapped."""
    opened = sb.open(path)  # which reads its header, and so what the kernel reads with that
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    return opened


def elements(dataset, epoch=0):
    found = []
    for element in dataset.iterate(epoch):
        leaves = element.values() if isinstance(element, dict) else element
        leaves = leaves if isinstance(leaves, tuple) else (leaves,)
        found.append([np.array(leaf) for leaf in leaves])
    return found


def assert_same(one, other):
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        for left, right in zip(mine, theirs, strict=True):
            assert (left.dtype, left.shape) == (right.dtype, right.shape)
            assert left.tobytes() == right.tobytes()


def of_images(data, paths):
    source = dropped(paths[data.draw(st.sampled_from(["images", "planar", "fortran"]))])
    if source.shape[1] == 3:
        source = np.asarray(source).transpose(0, 2, 3, 1)
    source = source[:: data.draw(st.sampled_from([1, -1, 2]))]
    dataset = sb.Dataset.from_tensor_slices((source, np.arange(len(source))))
    steps = data.draw(
        st.lists(st.sampled_from(["crop", "flip", "rescale", "contrast", "first"]), max_size=4)
    )
    height, width, planar = HEIGHT, WIDTH, False
    for step in steps:
        if step == "crop":
            height, width = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
            dataset = dataset.map(sb.RandomCrop(height, width), seed=3)
        elif step == "flip":
            dataset = dataset.map(sb.RandomFlip(), seed=4)
        elif step == "rescale":
            dataset = dataset.map(sb.Rescaling(0.5))
        elif step == "contrast":
            dataset = dataset.map(sb.RandomContrast(0.4), seed=5)
        elif not planar:
            dataset, planar = dataset.map(sb.ChannelsFirst()), True
    return dataset


def of_windows(data, paths):
    series = sb.concat([dropped(paths["first"]), dropped(paths["second"])])
    padding = data.draw(st.sampled_from([None, "left"]))
    target = {"horizon": 2, "columns": [5, 1, 2, 3]} if data.draw(st.booleans()) else {}
    return sb.Dataset.from_tensor_slices(series).window(
        data.draw(st.integers(1, 40)),
        sampling_rate=data.draw(st.integers(1, 3)),
        stride=data.draw(st.integers(1, 5)),
        padding=padding,
        **target,
    )


def of_tokens(data, paths):
    return sb.Dataset.from_tensor_slices(dropped(paths["tokens"])).window(
        data.draw(st.integers(1, 100)), horizon=1
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_all_give_the_same_bytes_as_the_reference(paths, data):
    kind = data.draw(st.sampled_from([of_images, of_windows, of_tokens]))
    dataset = kind(data, paths)
    if data.draw(st.booleans()):
        dataset = dataset.shuffle(seed=1)
    dataset = dataset.shard(3, data.draw(st.integers(0, 2)))
    dataset = dataset.batch(data.draw(st.integers(1, 40)))
    dataset = dataset.prefetch(data.draw(st.integers(0, 3)))
    dataset = dataset.with_options(threads=data.draw(st.integers(1, 3)))
    expected = elements(dataset.with_options(reader="map"))
    for reader in ("ahead", "read"):
        assert_same(elements(dataset.with_options(reader=reader)), expected)


def usual(paths, reader, batch=8):
    dataset = sb.Dataset.from_tensor_slices((dropped(paths["images"]), np.arange(COUNT)))
    dataset = dataset.shuffle(seed=1).map(sb.RandomCrop(9, 11), seed=2).batch(batch)
    return dataset.with_options(reader=reader)


@pytest.mark.parametrize("reader", READERS)
def test_a_state_goes_on_with_any_other_reader(paths, reader):
    whole = elements(usual(paths, "map"))
    for other in READERS:
        iterator = usual(paths, reader).iterate(0)
        begun = [next(iterator) for _ in range(4)]
        state = iterator.state_dict()
        iterator.close()
        resumed = usual(paths, other).iterate(0)
        resumed.load_state_dict(state)
        rest = [[np.array(leaf) for leaf in element] for element in resumed]
        assert_same([[np.array(leaf) for leaf in element] for element in begun] + rest, whole)


@pytest.mark.parametrize("reader", READERS)
def test_several_epochs_and_iterators_side_by_side(paths, reader):
    dataset = usual(paths, reader)
    expected = [elements(usual(paths, "map"), epoch) for epoch in range(2)]
    several = [dataset.iterate(epoch) for epoch in (0, 1, 0)]
    for epoch, iterator in zip((0, 1, 0), several, strict=True):
        assert_same([[np.array(leaf) for leaf in e] for e in iterator], expected[epoch])


def test_what_is_read_is_counted_and_told(paths):
    iterator = usual(paths, "read").iterate(0)
    for _ in iterator:
        pass
    stats = iterator.stats()
    # Nine rows of eleven pixels of three bytes, and what lies between these rows.
    assert stats.bytes_useful == COUNT * (8 * WIDTH * 3 + 11 * 3)
    assert stats.bytes_asked >= stats.bytes_useful
    assert stats.reader == "read: as asked"
    assert "to get 46.2 kB" in str(stats)
    assert "(reader read: as asked)" in str(stats)


def test_pages_that_are_in_memory_are_not_asked_for(cold):
    dataset = usual(cold, "ahead")
    first = dataset.iterate(0)
    for _ in first:
        pass
    warm = dataset.iterate(0)
    for _ in warm:
        pass
    size = COUNT * HEIGHT * WIDTH * 3
    assert 0.25 * size < first.stats().bytes_asked < size + 2 * 4096
    assert warm.stats().bytes_asked == 0


def test_a_consumer_that_leaves_early_leaves_nothing_behind(paths):
    datasets = [usual(paths, reader) for reader in READERS]
    gc.collect()  # what other tests have left
    before = open_files(paths["images"])
    for dataset in datasets:
        for _ in range(3):
            iterator = dataset.iterate(0)
            next(iterator)
            iterator.close()
    assert open_files(paths["images"]) == before
    assert not worker_threads()


def open_files(path):
    """Return how many descriptors of a file this process has."""
    links = list(Path("/proc/self/fd").iterdir())
    return sum(link.is_symlink() and link.readlink() == path for link in links)


def test_advice_that_is_refused_is_told_and_pages_come_by_faults(cold, monkeypatch):
    monkeypatch.setattr(ahead, "WILL_NEED", 12345)
    iterator = usual(cold, "ahead").iterate(0)
    found = [[np.array(leaf) for leaf in element] for element in iterator]
    assert_same(found, elements(usual(cold, "map")))
    stats = iterator.stats()
    assert stats.failed_advice > 0
    assert "requests refused (Invalid argument)" in str(stats)


def test_small_reads_are_left_to_several_threads(paths, monkeypatch):
    monkeypatch.setattr(file_fetcher, "TASK_BYTES", 100)
    assert_same(elements(usual(paths, "read")), elements(usual(paths, "map")))


def failing_from(number, monkeypatch):
    """Have the look at what blocks read fail, from one of them on."""
    asked = []
    read_jobs = Executor.read_jobs

    def fail(self, segment, place):
        asked.append(place)
        if len(asked) > number:
            message = "nobody knows what is read"
            raise RuntimeError(message)
        return read_jobs(self, segment, place)

    monkeypatch.setattr(Executor, "read_jobs", fail)
    return asked


@pytest.mark.parametrize("number", [0, 3])
def test_where_asking_ahead_fails_pages_come_by_faults_and_are_right(cold, monkeypatch, number):
    expected = elements(usual(cold, "map"))
    asked = failing_from(number, monkeypatch)
    assert_same(elements(usual(cold, "ahead").prefetch(0)), expected)
    assert len(asked) > number


@pytest.mark.parametrize("number", [0, 3])
def test_where_reading_fails_the_error_comes_once(paths, monkeypatch, number):
    failing_from(number, monkeypatch)
    batches = iter(usual(paths, "read").prefetch(0))
    with pytest.raises(RuntimeError, match="nobody knows what is read"):
        list(batches)
    with pytest.raises(StopIteration):
        next(batches)
    assert no_threads_left()


@pytest.mark.parametrize("reader", ["ahead", "read"])
def test_what_fails_in_the_order_itself_is_raised_whoever_looked_first(paths, monkeypatch, reader):
    def fail(self, *_):
        message = "no order"
        raise RuntimeError(message)

    monkeypatch.setattr(Schedule, "ahead", fail)
    monkeypatch.setattr(Schedule, "at", fail)
    batches = iter(usual(paths, reader))
    with pytest.raises(RuntimeError, match="no order"):
        next(batches)
    assert no_threads_left()


def test_closing_waits_for_no_thread_that_waits_for_bytes(paths, monkeypatch):
    inside, go = threading.Event(), threading.Event()

    def wait(self, *_):
        inside.set()
        go.wait(20)

    monkeypatch.setattr(file_fetcher.FileFetcher, "read", wait)
    batches = iter(usual(paths, "read"))
    consumer = threading.Thread(target=lambda: list(batches))
    consumer.start()
    assert inside.wait(10)
    closing = threading.Thread(target=batches.close)
    closing.start()
    time.sleep(0.2)
    go.set()
    for thread in (closing, consumer):
        thread.join(5)
        assert not thread.is_alive()
    assert no_threads_left()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("early", [False, True])
def test_memory_of_a_reader_goes_with_its_iterator_and_waits_for_no_collection(
    paths, reader, early
):
    gc.collect()
    gc.disable()
    try:
        batches = iter(usual(paths, reader))
        next(batches)
        known = weakref.ref(batches._reader)
        if early:
            batches.close()
        else:
            list(batches)
        del batches
        assert no_threads_left()
        assert known() is None
    finally:
        gc.enable()


def test_in_order_one_thread_reads_and_the_system_reads_ahead_of_it(paths, monkeypatch):
    advice = []
    monkeypatch.setattr(os, "posix_fadvise", lambda *given: advice.append(given[3]))
    dataset = sb.Dataset.from_tensor_slices(sb.open(paths["images"])).batch(8)
    expected = elements(dataset)
    for pipeline, threads, said in (
        (dataset, 1, os.POSIX_FADV_SEQUENTIAL),
        (dataset.shuffle(seed=0), file_fetcher.THREADS, os.POSIX_FADV_RANDOM),
    ):
        iterator = pipeline.with_options(reader="read").iterate(0)
        first = [np.array(next(iterator))]
        assert iterator._reader.threads == threads
        assert advice.pop() == said
        found = [first, *([np.array(each)] for each in iterator)]
        if pipeline is dataset:
            assert_same(found, expected)
