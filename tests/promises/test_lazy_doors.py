"""Promise: whatever is done with a lazy array works or is refused in words; none touches nothing.

Its addresses have no memory behind them: reading there would end the process, so a child tries.
"""

from __future__ import annotations

import json

import pytest

from tests.chunked import zarr_or_skip

zarr_or_skip()

SETUP = """
import copy, json, os, pickle, sys, tempfile, warnings
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")
import h5py, keras, numpy as np, tensorflow as tf, zarr
import samebytes as sb
os.chdir(tempfile.mkdtemp())
V = (np.arange(40 * 8 * 8 * 3) % 251).astype("u1").reshape(40, 8, 8, 3)
S = np.arange(400, dtype="f4").reshape(100, 4)
T = (np.arange(500) % 97).astype("u2")
G = np.arange(100) // 25
with h5py.File("a.h5", "w") as file:
    file.create_dataset("v", data=V, chunks=(5, 8, 8, 3), compression="gzip")
    file.create_dataset("s", data=S, chunks=(10, 4))
    file.create_dataset("g", data=G, chunks=(10,))
    file["plain"] = V
with h5py.File("t.h5", "w") as file:
    file.create_dataset("t", data=T, chunks=(50,))
zarr.create_array("v.zarr", data=V, chunks=(5, 4, 8, 3))
zarr.create_array("t.zarr", data=T, chunks=(50,))
v, s, g = (sb.open("a.h5", key=key) for key in "vsg")
z, t = sb.open("v.zarr"), sb.open("t.h5")
ds = sb.Dataset.from_tensor_slices((v, np.arange(40))).batch(8)
rows = sb.Dataset.from_tensor_slices(s)
floats = ds.map(sb.Cast("float32", on="0"))
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
def first(dataset):
    return np.asarray(next(iter(dataset)))
def firsts(dataset):
    return [np.asarray(each) for each in next(iter(dataset))]
"""

WORKS = """
repr(v) + str(ds) + repr(ds) + ds._repr_html_() + repr(ds.plan) + repr(ds.arrays) + repr(z)
ds.element_spec
(ds.reference([3, 1])[0] == V[[3, 1]]).all()
(np.asarray(v) == V).all() and np.mean(v) == V.mean()
(np.concatenate([v, z]) == np.concatenate([V, V])).all()
(sb.aligned(v) == V).all()
(np.stack(list(v)) == V).all() and len(v) == 40
(tf.convert_to_tensor(v).numpy() == V).all()
(first(tf.data.Dataset.from_tensor_slices(v)) == V[0]).all()
(firsts(ds.to_tf())[0] == V[:8]).all()
(firsts(ds.with_format("tensorflow"))[0] == V[:8]).all()
(first(sb.Dataset.from_tensor_slices(v).with_format("tensorflow")) == V[0]).all()
all((np.asarray(ds.to_keras()[k][0]) == V[8 * k : 8 * k + 8]).all() for k in (3, 0, 4, 1))
model.fit(floats.to_keras(), verbose=0)
model.fit(floats.shuffle(seed=0).to_keras(workers=2), verbose=0, epochs=2)
model.predict(floats.to_tf(), verbose=0).shape == (40, 1)
(firsts(ds.map(lambda x, y: (x + 1, y)))[0] == V[:8] + 1).all()
firsts(ds.map(keras.layers.RandomCrop(4, 4), on="0"))[0].shape == (8, 4, 4, 3)
firsts(ds.map(keras.layers.RandomRotation(0.1), on="0"))[0].shape == (8, 8, 8, 3)
firsts(ds.map(sb.RandomContrast(0.5), on="0"))[0].shape == (8, 8, 8, 3)
np.allclose(sb.Normalization.adapt(v).mean, V.mean((0, 1, 2)))
sb.borders_at_gaps(t, 1)[1] == 97
str(sb.Dataset.from_tensor_slices(sb.concat([v, V, z])).batch(3)) + repr(sb.concat([v, V]))
(np.asarray(sb.concat([v, V])) == np.concatenate([V, V])).all()
(sb.concat([V, v])[[3, 41]] == V[[3, 1]]).all()
sb.concat(["t.h5", "t.zarr", T]).shape == (1500,)
firsts(rows.window(5, horizon=2, columns=[1]).batch(3))[1].shape == (3, 2, 1)
len(rows.window(5, groups=g)) == 4 * 21
firsts(sb.TokenDataset(t, 8, seed=0).batch(4))[0].shape == (4, 8)
firsts(sb.TokenDataset("t.h5", 8, seed=0).batch(4))[0].shape == (4, 8)
firsts(sb.TokenDataset(["t.zarr", T, t], 8, seed=0).batch(4))[0].shape == (4, 8)
firsts(sb.TokenDataset(t, 8, seed=0, documents=3, padding=0).batch(4))[0].shape == (4, 8)
firsts(sb.TokenDataset([t, t], 8, seed=0, documents=3).batch(4))[0].shape == (4, 8)
firsts(sb.TokenDataset(t, 8, boundaries=[0, 99, 500], cross=True).batch(4))[1].shape == (4, 8)
firsts(sb.TokenDataset(t, 8, seed=0, replacement=True).batch(4))[0].shape == (4, 8)
firsts(sb.timeseries_dataset_from_array(s, s, 5))[0].shape == (96, 5, 4)
first(sb.ZeroCopyDataset(v, crop_size=4)).shape == (4, 4, 3)
firsts(sb.ZeroCopyDataset((z, T[:40]), crop_size=4).shuffle(9).batch(4))[0].shape == (4, 4, 4, 3)
(np.sort(sb.shuffled_copy("t.h5", "out.npy", seed=0)) == np.sort(T)).all()
sb.shuffled_copy(v, "v.npy", seed=0).shape == sb.shuffled_copy("v.zarr", "z.npy", seed=0).shape
(first(pickle.loads(pickle.dumps(sb.Dataset.from_tensor_slices(z)))) == V[0]).all()
(copy.deepcopy(v)[3] == V[3]).all() and (firsts(copy.deepcopy(ds))[0] == V[:8]).all()
ds.iterate(0).state_dict()["plan"]["component 0"]
ds.iterate(0).load_state_dict(ds.iterate(0).state_dict()) is None
hash(v) and v in [v] and v == v and bool(v)
"""

REFUSED = {
    "sb.as_array(v)": "NotABuffer: samebytes.LazyArray exports no memory; .* np.asarray",
    "sb.as_tensor(v)": "NotABuffer: samebytes.LazyArray exports no memory; .* np.asarray",
    "sb.explain(v)": "NotABuffer: samebytes.LazyArray exports no memory; .* np.asarray",
    "sb.layout(v)": "NotABuffer: samebytes.LazyArray exports no memory; .* np.asarray",
    "sb.shares_memory(v, V)": "NotABuffer: samebytes.LazyArray exports no memory",
    "memoryview(v)": "TypeError: memoryview: a bytes-like object is required, not 'LazyArray'",
    "np.asarray(v, copy=False)": "ValueError: a.h5, dataset 'v' is in no memory that could be",
    "v[v > 3]": "TypeError: '>' not supported",
    "v[None]": "TypeError: .*is indexed by integers",
}

RUN = """
told = {}
for expression in json.loads(sys.argv[1]):
    print(expression, file=sys.stderr, flush=True)
    try:
        told[expression] = "works" if eval(expression) is not False else "False"
    except Exception as error:
        told[expression] = f"{type(error).__name__}: {error}"
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(run_with_tensorflow):
    from tests.forking import SCRIPT

    expressions = [*WORKS.strip().splitlines(), *REFUSED]
    child = run_with_tensorflow(SCRIPT, SETUP + RUN, json.dumps(expressions))
    assert child.returncode == 0, child.stderr[-300:]  # its last line is what it tried
    return json.loads(child.stdout.splitlines()[-1])


@pytest.mark.parametrize("expression", WORKS.strip().splitlines())
def test_works(told, expression):
    assert told[expression] == "works"


@pytest.mark.parametrize("expression", REFUSED)
def test_is_refused_in_words(told, expression):
    import re

    assert re.match(REFUSED[expression], told[expression])
