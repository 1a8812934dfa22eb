"""`keepalive_tensor`: what it is given lives as long as the tensor's memory, wherever that is."""

from __future__ import annotations

import gc
import weakref

import pytest

import samebytes as sb
from samebytes.feeds.keepalive import keepalive_tensor

tf = pytest.importorskip("tensorflow")


class Thing:
    """What is held."""


def let_go():
    gc.collect()
    tf.constant(0)  # TensorFlow lets go of arrays when it next makes a tensor


def test_it_is_an_integer_of_0_that_holds():
    thing = Thing()
    reference = weakref.ref(thing)
    before = sb.stats()
    tensor = keepalive_tensor(thing)
    assert sb.stats() == before  # no hand-over of anyone's data
    del thing
    let_go()
    assert (tensor.dtype, tensor.shape, int(tensor)) == (tf.int64, (), 0)
    assert reference() is not None
    del tensor
    let_go()
    assert reference() is None


def test_a_dataset_of_it_holds_after_the_tensor():
    thing = Thing()
    reference = weakref.ref(thing)
    held = tf.data.Dataset.from_tensors(keepalive_tensor(thing)).repeat(3)
    variant = tf.data.experimental.to_variant(held)
    del thing, held
    let_go()
    assert reference() is not None
    del variant
    let_go()
    assert reference() is None


def test_in_a_graph_it_is_a_constant():
    with tf.Graph().as_default():
        assert keepalive_tensor(Thing()).op.type == "Const"
