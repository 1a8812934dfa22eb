"""`Array`: an ndarray in every way, and TensorFlow reads it in place."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import samebytes as sb

tf = pytest.importorskip("tensorflow")


@pytest.fixture
def images():
    array = sb.empty((8, 64, 64, 3), "float32")
    array[...] = np.random.default_rng(0).random(array.shape, np.float32)
    return array


class TestIsAnNdarray:
    def test_is_one(self, images):
        assert isinstance(images, np.ndarray)

    @pytest.mark.parametrize(
        "view",
        [
            lambda x: x[2:5],
            lambda x: x[:, ::2],
            lambda x: x[::-1],
            lambda x: x.T,
            lambda x: x.reshape(-1),
            lambda x: x[None],
            lambda x: x[..., 0],
            lambda x: np.moveaxis(x, -1, 1),
            lambda x: x.view("uint32"),
        ],
    )
    def test_views_stay_array_on_the_same_bytes(self, images, view):
        part = view(images)
        assert type(part) is sb.Array
        assert np.shares_memory(part, images)

    @pytest.mark.parametrize(
        "compute",
        [
            lambda x: x + 1,
            lambda x: 1 - x,
            lambda x: np.sqrt(x),
            lambda x: x @ np.ones((3, 2), np.float32),
            lambda x: np.add(x, x),
            lambda x: x.mean(axis=0),
            lambda x: np.concatenate([x, x]),
            lambda x: np.concatenate([np.zeros_like(np.asarray(x)), x]),
            lambda x: x > 0.5,
        ],
    )
    def test_results_of_arithmetic_are_plain_arrays_with_the_same_values(self, images, compute):
        result = compute(images)
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, compute(np.array(images)))

    def test_reductions_to_one_value_are_scalars(self, images):
        assert type(images.sum()) is np.float32
        assert type(np.max(images)) is np.float32
        assert type(images[0, 0, 0, 0]) is np.float32

    def test_in_place_arithmetic_keeps_the_array(self, images):
        before = images
        images += 1
        assert images is before
        assert type(images) is sb.Array

    def test_out_argument_gives_that_array_back(self, images):
        out = sb.empty(images.shape, images.dtype)
        assert np.add(images, 1, out=out) is out

    def test_pickles_and_copies_with_its_values(self, images):
        for twin in (
            pickle.loads(pickle.dumps(images)),
            pickle.loads(pickle.dumps(images[:, ::2]), buffers=None),
            copy.deepcopy(images),
            images.copy(),
        ):
            assert type(twin) is sb.Array
            np.testing.assert_array_equal(twin, images[:, ::2] if twin.shape[1] == 32 else images)
            assert not np.shares_memory(twin, images)

    def test_saves_and_loads(self, images):
        file = io.BytesIO()
        np.save(file, images)
        file.seek(0)
        np.testing.assert_array_equal(np.load(file), images)

    def test_prints_as_an_array(self):
        assert repr(sb.zeros(2, "int32")) == "Array([0, 0], dtype=int32)"
        assert str(sb.zeros(2, "int32")) == "[0 0]"

    def test_flush_writes_a_mapped_file_and_is_nothing_for_memory(self, tmp_path, images):
        path = tmp_path / "x.npy"
        np.save(path, np.zeros(4))
        mapped = sb.open(path, mode="r+")
        mapped[1] = 7
        mapped[:2].flush()
        assert np.load(path)[1] == 7
        images.flush()


class TestUnchangedTensorFlow:
    def test_convert_to_tensor(self, images):
        assert sb.shares_memory(tf.convert_to_tensor(images), images)

    def test_convert_to_tensor_of_a_view_of_whole_rows(self, images):
        assert sb.shares_memory(tf.convert_to_tensor(images[2:6]), images)

    def test_a_crop_is_gathered_once_and_right(self, images):
        crop = images[:, 16:48, 16:48]
        before = sb.stats()
        tensor = tf.convert_to_tensor(crop)
        after = sb.stats()
        assert not sb.shares_memory(tensor, images)
        assert after.copied - before.copied == 1
        assert after.bytes_copied - before.bytes_copied == crop.nbytes
        np.testing.assert_array_equal(tensor, crop)

    def test_a_mapped_file(self, tmp_path, images):
        path = tmp_path / "images.npy"
        np.save(path, images)
        mapped = sb.open(path)
        tensor = tf.convert_to_tensor(mapped)
        assert sb.shares_memory(tensor, mapped)
        np.testing.assert_array_equal(tensor, images)

    def test_a_tf_function_argument(self, images):
        @tf.function
        def total(x):
            return tf.reduce_sum(x), x

        _, seen = total(images)
        assert sb.shares_memory(seen, images)

    def test_inside_a_tf_function_it_is_captured_not_made_a_constant(self, images):
        @tf.function
        def total():
            return tf.reduce_sum(tf.convert_to_tensor(images))

        result = total()
        graph = total.get_concrete_function().graph
        np.testing.assert_allclose(result, np.asarray(images).sum(), rtol=1e-4)
        assert [op.type for op in graph.get_operations()].count("Const") <= 1
        assert sb.shares_memory(graph.captures[0][0], images)

    @pytest.mark.parametrize("make", ["from_tensors", "from_tensor_slices"])
    def test_datasets_hold_it_and_their_rows_share(self, images, make):
        dataset = getattr(tf.data.Dataset, make)((images, np.arange(8)))
        element = next(iter(dataset))[0]
        assert sb.shares_memory(element, images)

    def test_eager_operations(self, images):
        np.testing.assert_allclose(tf.reduce_sum(images), np.asarray(images).sum(), rtol=1e-4)
        np.testing.assert_array_equal(images[:, ::2] + tf.zeros(()), images[:, ::2])

    def test_variables_take_the_values_and_never_write_back(self, images):
        values = np.array(images)
        variable = tf.Variable(tf.convert_to_tensor(images))
        variable.assign_add(tf.ones_like(variable))
        variable[0].assign(tf.zeros(images.shape[1:]))
        np.testing.assert_array_equal(images, values)

    def test_constant_copies_as_it_always_does(self, images):
        assert not sb.shares_memory(tf.constant(images), images)

    def test_a_saved_model_carries_the_captured_values(self, images, tmp_path):
        module = tf.Module()
        module.total = tf.function(lambda: tf.reduce_sum(tf.convert_to_tensor(images)))
        expected = module.total()
        tf.saved_model.save(module, str(tmp_path))
        assert tf.saved_model.load(str(tmp_path)).total() == expected

    @pytest.mark.parametrize("wanted", ["float64", "int32", "bfloat16", "bool", "complex64"])
    def test_a_dtype_hint_converts_as_for_an_ndarray(self, images, wanted):
        mine = tf.convert_to_tensor(images * 3, dtype=wanted)
        stock = tf.convert_to_tensor(np.array(images * 3), dtype=wanted)
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(stock))
        assert mine.dtype == stock.dtype

    @pytest.mark.parametrize(
        "values",
        [
            np.array(["a", "bc"]),
            np.array([b"a", b"bc"]),
            np.array(["a", b"b"], object),
        ],
    )
    def test_strings_become_what_they_become_of_an_ndarray(self, values):
        mine = tf.convert_to_tensor(values.view(sb.Array))
        np.testing.assert_array_equal(mine, tf.convert_to_tensor(values))

    @pytest.mark.parametrize("values", [np.zeros(3, "M8[s]"), np.zeros(3, "g")])
    def test_what_tensorflow_refuses_is_refused_in_its_own_words(self, values):
        with pytest.raises(ValueError, match="Unsupported numpy type") as stock:
            tf.convert_to_tensor(values)
        with pytest.raises(ValueError, match="Unsupported numpy type") as mine:
            tf.convert_to_tensor(values.view(sb.Array))
        assert str(mine.value) == str(stock.value)

    def test_a_string_hint_for_numbers_is_refused_as_for_an_ndarray(self, images):
        with pytest.raises((TypeError, ValueError)):
            tf.convert_to_tensor(np.array(images), dtype=tf.string)
        with pytest.raises((TypeError, ValueError)):
            tf.convert_to_tensor(images, dtype=tf.string)

    def test_honours_no_copy(self, images):
        with sb.no_copy():
            tf.convert_to_tensor(images)
            with pytest.raises(sb.CopyNeeded, match=r"sb.no_copy\(\) forbids a copy"):
                tf.convert_to_tensor(images[:, ::2])

    def test_a_legacy_graph_gets_a_constant(self, images):
        with tf.Graph().as_default():
            symbolic = tf.convert_to_tensor(images)
            assert symbolic.op.type == "Const"
            with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="graph"):
                tf.convert_to_tensor(images)


class TestUnchangedKeras:
    @pytest.fixture
    def task(self):
        x = sb.empty((512, 32), "float32")
        x[...] = np.random.default_rng(1).standard_normal(x.shape)
        y = sb.aligned((np.asarray(x) @ np.ones((32, 1), np.float32)), "float32")
        return x, y

    @pytest.fixture
    def model(self):
        tf.keras.utils.set_random_seed(0)
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    def test_calling_a_model(self, task, model):
        x, _ = task
        with sb.no_copy():
            np.testing.assert_array_equal(model(x), model(np.array(x)))

    def test_fit_evaluate_predict_share_and_learn_what_an_ndarray_would(self, task, model):
        x, y = task
        with sb.no_copy():
            losses = model.fit(x, y, epochs=3, verbose=0, shuffle=False).history["loss"]
            model.evaluate(x, y, verbose=0)
            predicted = model.predict(x, verbose=0)
        assert losses[-1] < losses[0]
        np.testing.assert_array_equal(predicted, model.predict(np.array(x), verbose=0))
        tf.keras.utils.set_random_seed(0)
        stock = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        stock.compile("sgd", "mse")
        history = stock.fit(np.array(x), np.array(y), epochs=3, verbose=0, shuffle=False).history
        assert history["loss"] == losses


class TestChosenRows:
    """What a list or a mask chooses is a copy of NumPy's, and an Array."""

    @pytest.mark.parametrize(
        "index", [[3, 0], np.array([1, 2]), np.arange(4) > 1, np.ix_([0, 1], [2])], ids=repr
    )
    def test_is_an_array_of_its_own(self, index):
        x = sb.aligned(np.arange(4 * 64.0).reshape(4, 64))
        chosen = x[index]
        assert type(chosen) is sb.Array
        assert not sb.shares_memory(x, chosen)
        np.testing.assert_array_equal(chosen, np.asarray(x)[index])
        np.testing.assert_array_equal(tf.convert_to_tensor(chosen), chosen)

    def test_taken_into_memory_of_ours_it_is_shared(self):
        x = sb.aligned(np.arange(4 * 64.0).reshape(4, 64))
        chosen = np.take(x, [3, 0], axis=0, out=sb.empty((2, 64)), mode="clip")
        with sb.no_copy():
            tensor = sb.as_tensor(chosen)
        np.testing.assert_array_equal(tensor, np.asarray(x)[[3, 0]])
