"""`as_tensor`: shared where TensorFlow can, one gather where it cannot, refused in words."""

from __future__ import annotations

import threading
import traceback

import ml_dtypes
import numpy as np
import pytest

import samebytes as sb
from samebytes.share import tensorflow as sharing

tf = pytest.importorskip("tensorflow")

PLAIN = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
NARROW = ["bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4"]


def address(array):
    return array.__array_interface__["data"][0]


class TestShares:
    @pytest.mark.parametrize("name", PLAIN + NARROW)
    @pytest.mark.parametrize("readonly", [False, True])
    def test_every_dtype_there_and_back(self, name, readonly):
        x = sb.empty((5, 64), name)
        x[...] = np.arange(64) % 2
        x.flags.writeable = not readonly
        tensor = sb.as_tensor(x, copy=False)
        back = sb.as_array(tensor, copy=False)
        assert tensor.dtype.name == name
        assert address(back) == address(x)
        assert back.dtype == x.dtype
        assert not back.flags.writeable
        np.testing.assert_array_equal(back.astype("complex128"), x.astype("complex128"))

    @pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (1, 1, 64)])
    def test_any_shape(self, shape):
        x = sb.zeros(shape, "float32")
        tensor = sb.as_tensor(x, copy=False)
        assert tensor.shape == shape
        assert x.size == 0 or sb.shares_memory(x, tensor)

    @pytest.mark.parametrize(
        "make",
        [
            lambda x: memoryview(x),
            lambda x: x.view(np.ndarray),
            lambda x: np.frombuffer(x, np.float32).reshape(x.shape),
            lambda x: tf.constant(np.ones(3, np.float32)),
        ],
    )
    def test_any_exporter(self, make):
        exporter = make(sb.zeros((4, 16), "float32"))
        assert sb.shares_memory(sb.as_tensor(exporter, copy=False), exporter)

    def test_a_tensor_is_given_back_itself(self):
        tensor = tf.zeros(3)
        assert sb.as_tensor(tensor) is tensor
        assert sb.as_tensor(tensor, "float32", copy=False) is tensor

    def test_a_variable_gives_its_present_value(self):
        variable = tf.Variable([1.0, 2.0])
        tensor = sb.as_tensor(variable)
        variable.assign([3.0, 4.0])
        np.testing.assert_array_equal(tensor, [1.0, 2.0])

    def test_dates_are_shared_as_their_counts(self):
        dates = sb.zeros(16, "M8[s]")
        assert sb.shares_memory(sb.as_tensor(dates, "int64", copy=False), dates)

    def test_lands_on_the_host_also_under_another_device(self):
        x = sb.zeros(64, "float32")
        with tf.device("CPU:0"):
            assert sb.as_tensor(x).device.endswith("CPU:0")

    def test_from_many_threads_at_once(self):
        x = sb.zeros((64, 64), "float32")
        seen = []

        def share():
            seen.extend(sb.shares_memory(sb.as_tensor(x, copy=False), x) for _ in range(50))

        threads = [threading.Thread(target=share) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [True] * 400


class TestGathersOnce:
    @pytest.mark.parametrize(
        "view",
        [
            lambda x: x[:, 1:],
            lambda x: x.T,
            lambda x: x[::-1],
            lambda x: x[..., ::-2],
            lambda x: np.broadcast_to(x[:1], (7, *x.shape[1:])),
            lambda x: np.asfortranarray(x),
        ],
    )
    def test_strided_views(self, view):
        part = view(np.arange(6 * 8 * 4, dtype=np.float32).reshape(6, 8, 4))
        before = sb.stats()
        tensor = sb.as_tensor(part)
        after = sb.stats()
        np.testing.assert_array_equal(tensor, part)
        assert after.bytes_copied - before.bytes_copied == part.nbytes
        # The one copy is the one that TensorFlow shares: page-aligned, and alive with it.
        assert address(sb.as_array(tensor)) % 4096 == 0

    @pytest.mark.parametrize("past", [1, 4, 16, 32, 63])
    def test_unaligned_memory(self, array_at, past):
        x = array_at(past, (33,), np.uint8)
        x[...] = range(33)
        tensor = sb.as_tensor(x)
        np.testing.assert_array_equal(tf.concat([tensor, tensor], 0), np.concatenate([x, x]))
        assert not sb.shares_memory(tensor, x)

    @pytest.mark.parametrize("name", [n for n in PLAIN if np.dtype(n).itemsize > 1])
    def test_the_other_byte_order(self, name):
        x = np.arange(5).astype(np.dtype(name).newbyteorder("S"))
        np.testing.assert_array_equal(sb.as_tensor(x), x.astype(name))

    @pytest.mark.parametrize("came", ["uint8", "float64", "bool", "bfloat16", "g"])
    @pytest.mark.parametrize("wanted", ["float32", "int64", "bfloat16", tf.float16])
    def test_conversion_in_the_same_pass_is_astype(self, came, wanted):
        kind = np.dtype(getattr(ml_dtypes, came, came))
        x = np.arange(7).astype("int64").astype(kind)[::2]
        tensor = sb.as_tensor(x, wanted)
        name = getattr(wanted, "name", wanted)
        np.testing.assert_array_equal(np.asarray(tensor), x.astype(getattr(ml_dtypes, name, name)))
        assert tensor.dtype == name

    def test_a_conversion_of_a_tensor(self):
        tensor = tf.constant([1.5, 2.5])
        np.testing.assert_array_equal(sb.as_tensor(tensor, "int32"), [1, 2])
        with pytest.raises(sb.CopyNeeded, match="float32 must become int32"):
            sb.as_tensor(tensor, "int32", copy=False)

    def test_copy_true_never_aliases(self):
        x = sb.zeros(64, "float32")
        for source in (x, sb.as_tensor(x), memoryview(x)):
            tensor = sb.as_tensor(source, copy=True)
            assert not sb.shares_memory(tensor, x)
        x += 1
        np.testing.assert_array_equal(tensor, np.zeros(64))


class TestRefuses:
    def test_copy_false_says_why_and_what_to_do(self):
        x = sb.zeros((4, 64), "float32")[:, 1:]
        with pytest.raises(sb.CopyNeeded) as refusal:
            sb.as_tensor(x, copy=False)
        assert refusal.value.verdict == sb.explain(x)
        assert str(refusal.value).startswith("copy=False forbids a copy, and only a copy would do.")
        assert "instead: x = sb.aligned(x)" in str(refusal.value)

    @pytest.mark.parametrize(
        ("x", "sentence"),
        [
            (np.array([{}]), r"references to Python objects"),
            (np.zeros(2, "M8[s]"), r"TensorFlow has no dates.*view\('int64'\)"),
            (np.zeros(2, "m8[s]"), r"TensorFlow has no dates"),
            (np.zeros(2, "g"), r"no float128.*sb.aligned\(x, 'float64'\)"),
            (np.zeros(2, "G"), r"no complex256.*sb.aligned\(x, 'complex128'\)"),
            (np.zeros(2, [("a", "f4"), ("b", "i4")]), r"fields \('a', 'b'\).*\['a'\]"),
            (np.zeros(2, "V3"), r"no dtype void24"),
            (np.zeros(2, "V4"), r"its bits can be shared.*view\('uint32'\)"),
        ],
    )
    def test_dtypes_without_a_tensor(self, x, sentence):
        with pytest.raises(sb.Unconvertible, match=sentence):
            sb.as_tensor(x)

    def test_dates_as_anything_but_their_counts(self):
        with pytest.raises(sb.Unconvertible, match="TensorFlow has no dates"):
            sb.as_tensor(np.zeros(2, "M8[s]"), "float32")

    def test_a_wanted_dtype_that_does_not_exist_there(self):
        with pytest.raises(sb.Unconvertible, match="TensorFlow has no dtype float128"):
            sb.as_tensor(np.zeros(2), "g")

    @pytest.mark.parametrize("x", [[1, 2], 3, None, "text", {"a": 1}])
    def test_what_exports_no_memory(self, x):
        with pytest.raises(sb.NotABuffer, match="exports no memory"):
            sb.as_tensor(x)

    def test_a_string_tensor_instead_of_aborting(self):
        with pytest.raises(sb.NotABuffer, match="holds no plain values"):
            sb.as_array(tf.constant(["a"]))

    def test_a_file_that_shrank_instead_of_dying(self, tmp_path):
        path = tmp_path / "x.bin"
        path.write_bytes(bytes(1 << 16))
        x = sb.open(path, "float32", (128, 128))
        with path.open("r+b") as file:
            file.truncate(4096)
        for view in (x, x[:, ::2]):
            with pytest.raises(sb.WrongSize, match=r"x\.bin"):
                sb.as_tensor(view)


class TestInsideTfFunction:
    def test_is_captured_not_copied_into_the_graph(self):
        x = sb.zeros((64, 64), "float32")
        x += 1

        @tf.function
        def total():
            return tf.reduce_sum(sb.as_tensor(x, copy=False))

        assert total() == 64 * 64
        graph = total.get_concrete_function().graph
        assert sb.shares_memory(graph.captures[0][0], x)

    def test_autograph_calls_our_functions_and_does_not_rewrite_them(self, monkeypatch):
        x = sb.zeros(64, "float32")
        files = []

        def watched(*args, **keywords):
            files.extend(frame.filename for frame in traceback.extract_stack())
            return judge(*args, **keywords)

        judge = sharing.judge
        monkeypatch.setattr(sharing, "judge", watched)

        @tf.function
        def work():
            with sb.no_copy():
                return sb.as_tensor(x)

        np.testing.assert_array_equal(work(), x)
        rewritten = [name for name in files if "autograph_generated" in name]
        assert len(rewritten) == 1  # the user's own function
        assert sharing.__file__ in files

    def test_in_a_dataset_map(self):
        x = sb.zeros((8, 64), "float32")
        dataset = tf.data.Dataset.range(8).map(lambda i: sb.as_tensor(x)[i])
        assert len(list(dataset)) == 8

    def test_symbolic_tensors_pass_and_convert(self):
        @tf.function
        def work(x):
            assert sb.as_tensor(x) is x
            with pytest.raises(sb.NotABuffer, match="has no memory yet"):
                sb.as_array(x)
            return sb.as_tensor(x, "int32")

        np.testing.assert_array_equal(work(tf.constant([1.5])), [1])

    def test_a_legacy_graph_gets_a_constant_or_an_error(self):
        x = sb.zeros(64, "float32")
        with tf.Graph().as_default():
            assert sb.explain(x).codes == (sb.Code.GRAPH,)
            assert sb.as_tensor(x).op.type == "Const"
            with pytest.raises(sb.CopyNeeded, match="graph"):
                sb.as_tensor(x, copy=False)
        assert sb.explain(x).shared
