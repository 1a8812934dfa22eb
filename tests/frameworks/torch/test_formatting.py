"""`with_format("torch")`: tensors on the pooled bytes, which nothing writes while they live."""

from __future__ import annotations

import gc
import io
import threading

import numpy as np
import pytest
import torch

import samebytes as sb
from samebytes.plan import prefetch
from samebytes.share import torch as sharing

COUNT = 300


@pytest.fixture
def dataset():
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 24, 24, 3), np.uint8)
    return (
        sb.Dataset.from_tensor_slices({"image": images, "label": np.arange(COUNT)})
        .shuffle(seed=1)
        .map(sb.RandomCrop(16, 16), on="image", seed=2)
        .map(sb.Rescaling(1 / 255), on="image")
        .batch(32)
    )


@pytest.fixture
def sent(monkeypatch):
    """The arrays that were handed to PyTorch."""
    noted = []
    send = torch.from_numpy
    monkeypatch.setattr(torch, "from_numpy", lambda array: (noted.append(array), send(array))[1])
    return noted


def owner_of(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def test_lies_on_the_pooled_bytes(dataset, sent):
    expected = list(dataset.iterate(0))
    before = sb.stats()
    with sb.no_copy():
        found = list(dataset.with_format("torch").iterate(0))
    assert sb.stats().shared - before.shared == 2 * len(expected)
    assert sb.stats().bytes_copied == before.bytes_copied
    places = {array.ctypes.data for array in sent}
    for batch, same in zip(found, expected, strict=True):
        for name in ("image", "label"):
            assert isinstance(batch[name], torch.Tensor)
            assert batch[name].data_ptr() in places
            np.testing.assert_array_equal(batch[name].numpy(), same[name])


def test_batches_made_together_lie_in_one_block():
    x = np.arange(248 * 16, dtype=np.float32).reshape(248, 16)
    ds = sb.Dataset.from_tensor_slices(x).batch(8)
    assert prefetch.batches_per_block(ds.plan, 2) > 1
    found = list(ds.with_format("torch").iterate(0))
    # Behind blocks of 1, 2, 4 and 8 comes one of 16.
    block = [batch.data_ptr() for batch in found[15:]]
    assert [place - block[0] for place in block] == [512 * k for k in range(16)]
    assert all(batch.untyped_storage().nbytes() == 512 for batch in found)


def test_one_batch_is_saved_without_its_neighbours():
    ds = sb.Dataset.from_tensor_slices(np.zeros((4096, 16), "f4")).batch(8).with_format("torch")
    file = io.BytesIO()
    torch.save(list(ds.iterate(0))[100], file)
    assert file.tell() < 4096


def test_a_kept_tensor_is_never_rewritten(dataset):
    expected = [{name: x.copy() for name, x in b.items()} for b in dataset.iterate(0)]
    kept = []
    for epoch in range(4):
        for batch in dataset.with_format("torch").iterate(epoch):
            if epoch == 0:
                kept.append({name: tensor[...] for name, tensor in batch.items()})
            batch["image"].mul_(2) if epoch else None
    for batch, same in zip(kept, expected, strict=True):
        np.testing.assert_array_equal(batch["image"].numpy(), same["image"])
        np.testing.assert_array_equal(batch["label"].numpy(), same["label"])


ALIASES = {
    "a slice": lambda t: t[3:5],
    "a transpose": lambda t: t.permute(3, 0, 1, 2),
    "a view of its bits": lambda t: t.view(torch.int32),
    "its storage": lambda t: t.untyped_storage(),
    "an array": lambda t: t.numpy(),
    "our array": lambda t: sb.as_array(t),
    "a DLPack capsule's tensor": lambda t: torch.from_dlpack(t),
    "a graph that needs it": lambda t: (t * torch.ones((), requires_grad=True)).sum(),
    "a Parameter": lambda t: torch.nn.Parameter(t),
}


@pytest.mark.parametrize("name", ALIASES)
def test_any_alias_keeps_its_bytes(dataset, name):
    torch_format = dataset.with_format("torch")
    iterator = torch_format.iterate(0)
    batch = next(iterator)["image"]
    value, place = batch.clone(), batch.data_ptr()
    alias = ALIASES[name](batch)
    del batch
    epochs = [torch_format.iterate(epoch) for epoch in range(3)]
    seen = [other["image"].data_ptr() for epoch in epochs for other in epoch]
    assert place not in seen
    if name == "a graph that needs it":
        alias.backward()
    again = value.clone() if isinstance(alias, torch.UntypedStorage) else None
    if again is None and name in {"a slice", "an array", "our array"}:
        expected = value[3:5] if name == "a slice" else value
        np.testing.assert_array_equal(np.asarray(alias), expected.numpy())


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "on another thread"])
def test_blocks_come_back_when_tensors_are_dropped(dataset, elsewhere):
    iterator = dataset.with_format("torch").iterate(0)
    kept = list(iterator)
    assert any(pool.stats().blocks > pool.stats().free for pool in iterator._pools.pools)
    if elsewhere:
        thread = threading.Thread(target=kept.clear)
        thread.start()
        thread.join()
    else:
        kept.clear()
    gc.collect()
    assert [pool.stats().blocks - pool.stats().free for pool in iterator._pools.pools] == [0, 0]


@pytest.mark.parametrize(
    "name",
    [
        *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
        *("float16", "float32", "float64", "complex64", "ulonglong", "bfloat16"),
        *("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"),
    ],
)
def test_dtypes_that_torch_has_are_shared(name):
    values = sb.zeros((64, 48), name)
    values.view("u1")[:] = np.arange(values.view("u1").shape[1]) % 2
    with sb.no_copy():
        found = list(sb.Dataset.from_tensor_slices(values).batch(16).with_format("torch"))
        rows = list(sb.Dataset.from_tensor_slices(values).with_format("torch"))
    assert str(found[0].dtype).removeprefix("torch.") == values.dtype.name
    for tensors in (torch.cat(found), torch.stack(rows)):
        np.testing.assert_array_equal(sb.as_array(tensors).view("u1"), values.view("u1"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            np.array(["a", "b"]),
            "component label of str32 cannot become a tensor: PyTorch has no strings. Pass instead",
        ),
        (np.array([b"a", b"b"]), "component label of bytes8 .*: PyTorch has no strings"),
        (np.zeros(4, "M8[s]"), "component label of datetime64.* PyTorch has no dates; .*int64"),
        (np.zeros(4, "m8[s]"), "component label of timedelta64.* PyTorch has no dates"),
        (
            np.zeros(4, "longdouble"),
            r"PyTorch has no dtype as wide. Pass instead: x.astype\(.float",
        ),
        (np.zeros(4, "f4,i4"), "has fields. Pass instead: the fields one by one, {'f0': x"),
        (sb.zeros(4, "float8_e3m4"), r"this version of PyTorch has no such dtype.*x.view\(.uint8"),
        (sb.zeros(4, "int4"), "component label of int4 cannot become a tensor"),
    ],
)
def test_what_torch_has_not_is_said_by_name(values, words):
    ds = sb.Dataset.from_tensor_slices({"label": values}).batch(2)
    with pytest.raises(sb.Unconvertible, match=words):
        next(iter(ds.with_format("torch")))
    with pytest.raises(sb.Unconvertible, match=words):
        ds.to_torch()
    with pytest.raises(sb.Unconvertible, match=words):
        ds.to_torch_dataset()


class TestAfterThePass:
    """What a function gives may be anything."""

    @pytest.mark.parametrize(
        ("give", "shared"),
        [
            (lambda x: x + 1, True),
            (lambda x: x.T, True),
            (lambda x: torch.from_numpy(x) + 1, True),
            (lambda x: torch.ones(3, dtype=torch.bfloat16), True),
            (lambda x: x[:, ::-1], False),
            (lambda x: x.astype(">f4"), False),
            (lambda x: np.broadcast_to(np.float32(2), x.shape), False),
        ],
    )
    def test_shared_if_it_may_be_written_to_and_else_copied(self, give, shared):
        ds = sb.Dataset.from_tensor_slices(np.ones((8, 16), "f4")).batch(4).map(give)
        tensors = list(ds.with_format("torch"))
        for tensor, array in zip(tensors, ds, strict=True):
            np.testing.assert_array_equal(tensor.float().numpy(), sb.as_array(array).astype("f4"))
            tensor += 1  # which nobody else sees
        with sb.no_copy():
            if shared:
                list(ds.with_format("torch"))
            else:
                with pytest.raises(sb.CopyNeeded, match="PyTorch"):
                    list(ds.with_format("torch"))

    def test_read_only_memory_is_copied_with_a_reason(self):
        table = np.ones((4, 3), "f4")
        table.flags.writeable = False
        ds = sb.Dataset.from_tensor_slices(np.ones((8, 16), "f4")).batch(4).map(lambda x: table)
        with sb.no_copy(), pytest.raises(sb.CopyNeeded) as refused:
            next(iter(ds.with_format("torch")))
        assert refused.value.verdict.codes == (sb.Code.READ_ONLY,)
        assert "it may not be written to, and a tensor of PyTorch can be" in str(refused.value)
        next(iter(ds.with_format("torch"))).zero_()
        assert table.min() == 1

    def test_a_gradient_is_refused_in_words(self):
        ds = sb.Dataset.from_tensor_slices(np.ones((8, 16), "f4")).batch(4)
        needs = ds.map(lambda x: torch.ones(3, requires_grad=True)).with_format("torch")
        with pytest.raises(sb.NotABuffer, match=r"requires a gradient.* x\.detach\(\)"):
            next(iter(needs))

    def test_its_strings_are_refused_by_name(self):
        ds = sb.Dataset.from_tensor_slices({"x": np.ones(8, "f4")}).batch(4)
        texts = ds.map(lambda batch: {"name": np.array(["a"] * 4)}).with_format("torch")
        with pytest.raises(sb.Unconvertible, match="component name of str32 cannot become"):
            next(iter(texts))

    def test_plain_numbers_become_tensors(self):
        ds = sb.Dataset.from_tensor_slices(np.ones((8, 2), "f4")).batch(4).map(lambda x: (x, 3))
        _, three = next(iter(ds.with_format("torch")))
        assert (three.dtype, three.tolist()) == (torch.int64, 3)


def test_without_a_door_the_copy_is_counted_and_can_be_forbidden(dataset, monkeypatch):
    monkeypatch.setattr(sharing, "_has_door", lambda dtype, readonly: False)
    monkeypatch.setattr(
        sharing, "_ELEMENTS", sharing.replace(sharing._ELEMENTS, has_door=lambda *_: False)
    )
    before = sb.stats()
    expected = sum(x.nbytes for batch in dataset.iterate(0) for x in batch.values())
    list(dataset.with_format("torch").iterate(0))
    assert sb.stats().bytes_copied - before.bytes_copied == expected
    with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="no way into the installed PyTorch was"):
        list(dataset.with_format("torch"))
