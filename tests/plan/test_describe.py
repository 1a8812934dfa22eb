"""What ``print(dataset)`` says, and the fingerprint of a state."""

import subprocess
import sys
import textwrap

import keras
import numpy as np

import samebytes as sb


def test_a_plan_prints_as_a_table(tmp_path):
    np.save(tmp_path / "photographs.npy", np.zeros((1000, 64, 64, 3), np.uint8))
    images = sb.open(tmp_path / "photographs.npy")
    dataset = (
        sb.Dataset.from_tensor_slices({"image": images, "label": np.arange(1000)})
        .shuffle(seed=0)
        .take(990)
        .map(sb.RandomCrop(32, 32))
        .map(sb.RandomFlip("horizontal"))
        .map(sb.Rescaling(1 / 255))
        .batch(32)
    )
    assert str(dataset) == textwrap.dedent(
        """\
        source    1,000 samples, 12.3 MB
          image   uint8 (64, 64, 3), mapped from photographs.npy
          label   int64
        order     shuffle(seed=0) → take(990): 990 samples
        one pass  reads 98.6 kB, writes 393.5 kB per batch, once
          image   RandomCrop(32, 32) → RandomFlip(mode='horizontal') → Rescaling(0.00392157) → float32 (32, 32, 3)
          label   copied, int64
        batch     32 samples, a smaller last batch is kept; 31 batches
        reader    map: its files are small
        memory    12.2 MB for 31 batches in flight, 31 in a block, plus what you keep"""  # noqa: E501
    )


def test_what_runs_after_the_pass_is_said_and_why():
    def halve(x):
        return x / 2

    dataset = (
        sb.Dataset.from_tensor_slices(np.zeros((10, 8, 8, 3), "float32"))
        .repeat()
        .map(sb.RandomContrast(0.5))
        .map(sb.Cast("uint8"))
        .map(sb.Rescaling(2, offset=-1))
        .map(halve)
        .map(keras.layers.Resizing(4, 4), on=0)
        .batch(4, drop_remainder=True)
        .shard(2, 1)
        .map(halve)
        .prefetch(0)
    )
    assert str(dataset) == textwrap.dedent(
        """\
        source    10 samples, 7.7 kB
          0       float32 (8, 8, 3)
        order     repeat(): endless
        one pass  reads 6.1 kB, writes 768 bytes per batch, once
          0       RandomContrast((0.5, 0.5)) → Cast('uint8') → uint8 (8, 8, 3)
        after it  Rescaling(2, offset=-1): Rescaling follows a Cast to uint8, which has rounded already
        after it  halve, each sample: a function, not a transform that folds
        after it  Resizing on 0, each batch: a Keras layer that does not fold
        after it  halve, each batch: a function, not a transform that folds
        batch     4 samples, a smaller last batch is dropped; shard(2, 1): endless
        memory    768 bytes for 1 batch in flight, plus what you keep"""  # noqa: E501
    )


def test_single_samples_and_copies():
    dataset = sb.Dataset.from_tensor_slices((np.zeros((5, 3), ">f4"), np.zeros(5)))
    assert str(dataset) == textwrap.dedent(
        """\
        source    5 samples, 100 bytes
          0       float32 (3,)
          1       float64
        order     5 samples
        one pass  reads 20 bytes, writes 20 bytes per sample, once
          0       copied, float32 (3,)
          1       copied, float64
        memory    60 bytes for 3 samples in flight, plus what you keep"""
    )


BUILD = """
import numpy as np, samebytes as sb
def shift(x, y): return x, y
dataset = (
    sb.Dataset.from_tensor_slices((np.zeros((10, 8, 8, 3), "uint8"), np.arange(10)))
    .shuffle(seed=5, reshuffle_each_iteration=False).shard(2, 0).repeat(3)
    .map(sb.RandomCrop(4, 4, seed=1)).map(sb.Rescaling((1, 0.1, 1 / 3))).map(shift)
    .map(sb.RandomFlip(seed=2), on=0).batch(3).skip(1)
)
"""


def test_a_fingerprint_is_the_same_in_every_process():
    names = {}
    exec(BUILD, names)  # noqa: S102 (the same text in both processes)
    found = names["dataset"].fingerprint()
    assert found == {
        "component 0": "uint8 (10, 8, 8, 3) → RandomCrop(4, 4) (seed 1, stream 0)"
        " → Rescaling((1.0, 0.1, 0.3333333333333333))",
        "component 1": "int64 (10,)",
        "samples": "shuffle(seed=5, reshuffle_each_iteration=False) → shard(2, 0) → repeat(3)",
        "batches": "skip(1)",
        "batch_size": "3",
        "drop_remainder": "False",
        "after the pass": "shift → RandomFlip() (seed 2, stream 3) on 0",
    }
    code = BUILD + "print(dataset.fingerprint())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(found)


def test_a_fingerprint_tells_whatever_changes_values_or_order():
    plain = sb.Dataset.from_tensor_slices(np.zeros((10, 8, 8, 3), "uint8"))
    different = [
        plain,
        plain.shuffle(seed=1),
        plain.shuffle(seed=2),
        plain.shuffle(seed=1, reshuffle_each_iteration=False),
        plain.shuffle(seed=1).take(5),
        plain.take(5).shuffle(seed=1),
        plain.repeat(),
        plain.repeat(2),
        plain.map(sb.Rescaling(1)),
        plain.map(sb.Rescaling(1 + 2**-50)),
        plain.map(sb.RandomFlip(seed=1)),
        plain.map(sb.RandomFlip(seed=2)),
        plain.map(sb.Rescaling(1)).map(sb.RandomFlip(seed=1)),
        plain.map(sb.ChannelsFirst()),
        plain.map(np.negative),
        plain.map(np.negative, batched=True),
        plain.map(np.negative, on=0),
        plain.batch(2),
        plain.batch(2, drop_remainder=True),
        plain.batch(2).take(2),
        sb.Dataset.from_tensor_slices(np.zeros((10, 8, 8, 3), "int8")),
        sb.Dataset.from_tensor_slices(np.zeros((9, 8, 8, 3), "uint8")),
    ]
    texts = {str(dataset.fingerprint()) for dataset in different}
    assert len(texts) == len(different)
