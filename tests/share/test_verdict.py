"""Verdicts: shared exactly when there is no reason against it, and a remedy that works."""

from __future__ import annotations

import dataclasses
import pickle
import re

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.share import cost
from samebytes.share.layout import Layout
from samebytes.share.verdict import NUMPY, Code, Reason, Target, Verdict, judge

F4 = np.dtype("f4")
# A framework as TensorFlow is, without one.
STRICT = Target(
    "Strict",
    64,
    packed=True,
    native=True,
    supports=lambda dtype: dtype.kind in "biufc" and dtype.isnative and dtype.itemsize <= 16,
    has_door=lambda *_: True,
)


def layout(shape=(2, 3), strides=None, dtype="f4", address=4096, readonly=False, device="CPU:0"):
    kind = np.dtype(dtype)
    strides = np.empty(shape, kind).strides if strides is None else strides
    return Layout("test.Lender", address, shape, strides, kind, readonly, device)


class TestReasons:
    @pytest.mark.parametrize(
        ("facts", "code", "sentence"),
        [
            (
                layout(address=4112),
                Code.ALIGNMENT,
                (
                    "the first byte lies 16 past a multiple of 64, "
                    "and Strict shares only what begins on one"
                ),
            ),
            (layout(dtype=">f4"), Code.BYTE_ORDER, "its numbers are big-endian"),
            (
                layout(strides=(0, 4)),
                Code.STRIDES,
                (
                    "a tensor is row-major without gaps, but axis 0 repeats the same bytes "
                    "(a broadcast)"
                ),
            ),
            (layout(strides=(12, -4)), Code.STRIDES, "axis 1 runs backwards"),
            (
                layout(strides=(4, 8)),
                Code.STRIDES,
                "its axes lie in another order (a transpose, or Fortran order)",
            ),
            (
                layout(strides=(1548, 4)),
                Code.STRIDES,
                "axis 0 leaves 1.5 kB between its elements (a crop or a step)",
            ),
            (layout(strides=(24, 8)), Code.STRIDES, "axis 1 leaves 4 bytes between its elements"),
            (layout(strides=(8, 4)), Code.STRIDES, "its elements overlap"),
        ],
    )
    def test_of_place_order_and_strides(self, facts, code, sentence):
        verdict = judge(facts, STRICT)
        assert verdict.codes == (code,)
        assert sentence in verdict.reasons[0].sentence
        assert verdict.remedy == "x = sb.aligned(x)"
        assert verdict.possible
        assert not verdict.shared
        assert verdict.bytes_copied == 24

    def test_of_the_dtype(self):
        verdict = judge(layout(), STRICT, np.dtype("f8"))
        assert verdict.reasons == (
            Reason(Code.DTYPE, "float32 must become float64, element by element"),
        )
        assert verdict.remedy == "x = sb.aligned(x, 'float64')"
        assert verdict.bytes_copied == 48

    def test_of_the_device(self):
        verdict = judge(layout(address=None, device="GPU:1"), STRICT)
        assert verdict.reasons == (
            Reason(Code.DEVICE, "the bytes lie on GPU:1, not in host memory"),
        )
        assert "with tf.device('CPU:0')" in verdict.remedy

    def test_of_the_request(self):
        verdict = judge(layout(), STRICT, copy=True)
        assert verdict.reasons == (Reason(Code.REQUESTED, "copy=True asks for bytes of its own"),)
        assert verdict.remedy == "leave out copy=True"

    @pytest.mark.parametrize(
        ("readonly", "kind"), [(True, "read-only float32"), (False, "float32")]
    )
    def test_of_the_door(self, readonly, kind):
        doorless = dataclasses.replace(STRICT, has_door=lambda dtype, readonly: False)
        verdict = judge(layout(readonly=readonly), doorless)
        sentence = f"no way into the installed Strict was seen to share {kind}"
        assert verdict.reasons == (Reason(Code.DOOR, sentence),)
        assert verdict.remedy == "pip install --upgrade tensorflow"

    def test_of_the_graph(self):
        graph = dataclasses.replace(
            STRICT, in_graph=True, has_door=lambda *_: pytest.fail("no probe inside a graph")
        )
        verdict = judge(layout(), graph)
        assert verdict.codes == (Code.GRAPH,)
        assert "constants, which are copies" in verdict.reasons[0].sentence
        assert "in a tf.function" in verdict.remedy

    @pytest.mark.parametrize(
        ("facts", "dtype", "sentence", "remedy"),
        [
            (layout(dtype="S3"), None, "strings live in tensors", "x = tf.constant(x)"),
            (layout(dtype="U3"), None, "strings live in tensors", "x = tf.constant(x)"),
            (layout(dtype="O"), None, "references to Python", "x = tf.constant(x.tolist())"),
            (
                layout(dtype="i4,f4"),
                None,
                "a tensor has one dtype, and this has the fields ('f0', 'f1')",
                "x = sb.aligned(sb.as_array(x)['f0'])",
            ),
            (
                layout(dtype=[("a", [("b", "f4")])]),
                None,
                "this has the fields ('a',)",
                "x = sb.aligned(sb.as_array(x)['a']['b'])",
            ),
            (layout(dtype=np.dtype([])), None, "this has the fields ()", None),
            (
                layout(dtype="M8[s]"),
                None,
                "Strict has no dates; their 64-bit counts share the same bytes",
                "x = sb.as_array(x).view('int64')",
            ),
            (
                layout(dtype="M8[s]", address=4104),
                None,
                "has no dates",
                "x = sb.aligned(x).view('int64')",
            ),
            (layout(dtype=">m8[s]"), None, "has no dates", "x = sb.aligned(x).view('int64')"),
            (
                layout(dtype="G"),
                None,
                "Strict has no complex256; the next narrower dtype loses digits",
                "x = sb.aligned(x, 'complex128')",
            ),
            (layout(dtype="f4"), "M8[s]", "Strict has no dtype datetime64[s]", None),
            (layout(dtype=">f4"), "V4", "Strict has no dtype void32", None),
            (
                layout(dtype="V4"),
                None,
                "this version of Strict has no dtype void32; its bits can be shared",
                "x = sb.as_array(x).view('uint32')",
            ),
            (layout(dtype="V3"), None, "has no dtype void24", None),
            (
                layout(dtype="V4"),
                "f4",
                "its bits can be shared",
                "x = sb.as_array(x).view('uint32')",
            ),
        ],
    )
    def test_of_what_no_tensor_holds(self, facts, dtype, sentence, remedy):
        verdict = judge(facts, STRICT, None if dtype is None else np.dtype(dtype))
        assert verdict.codes == (Code.UNSUPPORTED,)
        assert sentence in verdict.reasons[0].sentence
        assert verdict.remedy == remedy
        assert not verdict.possible
        assert not verdict.shared
        assert verdict.bytes_copied == 0
        assert verdict.estimate_milliseconds() == 0

    def test_several_reasons_are_all_given(self):
        facts = layout(strides=(4, 8), dtype=">f4", address=4100)
        verdict = judge(facts, STRICT, np.dtype("i2"), copy=True)
        assert verdict.codes == (
            Code.REQUESTED,
            Code.DTYPE,
            Code.BYTE_ORDER,
            Code.STRIDES,
            Code.ALIGNMENT,
        )
        assert verdict.remedy == "x = sb.aligned(x, 'int16')"
        assert verdict.bytes_copied == 12

    @pytest.mark.parametrize("shape", [(0,), (3, 0, 2)])
    def test_without_a_byte_nothing_can_lie_wrong(self, shape):
        facts = layout(shape, (7,) * len(shape), ">f4", address=3)
        assert judge(facts, STRICT).shared
        assert judge(facts, STRICT, np.dtype("i8")).shared

    def test_axes_of_length_one_may_have_any_stride(self):
        assert judge(layout((1, 3, 1), (999, 4, -5)), STRICT).shared

    def test_dates_asked_for_as_counts_are_the_same_bits(self):
        assert judge(layout(dtype="M8[s]"), STRICT, np.dtype("i8")).shared
        assert not judge(layout(dtype="M8[s]"), STRICT, np.dtype("f8")).possible

    def test_numpy_takes_everything_as_it_lies(self):
        for facts in (
            layout(strides=(0, -4), address=3),
            layout(dtype=">f4"),
            layout(dtype="O"),
            layout(dtype="S3"),
            layout(dtype="i1,f8"),
            layout(dtype=">M8[s]"),
        ):
            assert judge(facts, NUMPY).shared

    def test_codes_are_the_words_they_print(self):
        assert {str(code) for code in Code} == {
            "alignment",
            "strides",
            "byte-order",
            "dtype",
            "device",
            "requested",
            "door",
            "graph",
            "unsupported",
            "read-only",
        }
        assert Code("strides") == "strides"


@st.composite
def layouts(draw):
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    strides = tuple(draw(st.integers(-3, 9)) * 4 for _ in shape)
    if draw(st.booleans()):
        strides = None
    dtype = draw(st.sampled_from(["f4", ">f4", "i8", "?", "M8[s]", "S4", "O", "V4", "G", "u1,f4"]))
    return layout(shape, strides, dtype, draw(st.integers(0, 40)) * 16, draw(st.booleans()))


class TestInvariants:
    @given(
        layouts(),
        st.sampled_from([STRICT, NUMPY]),
        st.sampled_from([None, "f4", "i8", "f2"]),
        st.sampled_from([None, False, True]),
    )
    def test_shared_means_no_reason_and_no_byte(self, facts, target, dtype, copy):
        wanted = None if dtype is None else np.dtype(dtype)
        verdict = judge(facts, target, wanted, copy=copy)
        assert verdict.shared is (verdict.reasons == ())
        assert len(set(verdict.codes)) == len(verdict.codes)
        assert not verdict.shared or (verdict.remedy is None and verdict.bytes_copied == 0)
        if not verdict.shared and verdict.possible:
            assert verdict.bytes_copied == facts.size * verdict.dtype.itemsize
            assert verdict.remedy
        assert pickle.loads(pickle.dumps(verdict)) == verdict
        assert judge(facts, target, wanted, copy=copy) == verdict

    def test_a_verdict_is_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            judge(layout(), STRICT).remedy = "none"
        with pytest.raises(dataclasses.FrozenInstanceError):
            judge(layout(strides=(0, 4)), STRICT).reasons[0].code = Code.DOOR


class TestText:
    @pytest.fixture(autouse=True)
    def one_gigabyte_a_second(self, monkeypatch):
        monkeypatch.setattr(cost, "gather_bandwidth", lambda: 1e9)

    def test_shared(self):
        verdict = judge(layout((4, 64)), STRICT)
        assert str(verdict) == "float32 (4, 64) to Strict: shared, no byte is copied"

    def test_copied(self):
        facts = layout((1000, 256, 256, 3), (786432, 1536, 3, 1), "u1", address=4097)
        assert str(judge(facts, STRICT)) == (
            "uint8 (1000, 256, 256, 3) to Strict: copied, 196.6 MB, about 197 ms\n"
            "  strides: a tensor is row-major without gaps, but axis 1 leaves 768 bytes between "
            "its elements (a crop or a step)\n"
            "  alignment: the first byte lies 1 past a multiple of 64, and Strict shares only "
            "what begins on one\n"
            "  instead: x = sb.aligned(x)"
        )

    def test_small_copies_are_under_a_millisecond(self):
        first = str(judge(layout(strides=(0, 4)), STRICT)).splitlines()[0]
        assert first == "float32 (2, 3) to Strict: copied, 24 bytes, under 1 ms"

    def test_impossible(self):
        assert str(judge(layout(dtype="S3"), STRICT)) == (
            "bytes24 (2, 3) to Strict: impossible\n"
            "  unsupported: strings live in tensors of their own kind\n"
            "  instead: x = tf.constant(x)"
        )

    def test_without_a_remedy_there_is_no_such_line(self):
        assert "instead" not in str(judge(layout(dtype="V3"), STRICT))

    def test_milliseconds_follow_from_the_bytes(self):
        facts = layout((1000, 1000), (8000, 8))
        assert judge(facts, STRICT).estimate_milliseconds() == pytest.approx(4.0)


@st.composite
def lenders(draw):
    """Draw things of any dtype, place, order and strides, TensorFlow's and not."""
    kind = np.dtype(
        draw(
            st.sampled_from(
                [
                    *("u1", "?", "i2", ">i4", "f4", ">f8", "c8", ">c16", ml_dtypes.bfloat16),
                    *("M8[s]", ">M8[D]", "m8[ns]", "V1", "V2", "V4", "V8", "g", "G"),
                    *("f4,u1", "u1,>f8", "M8[s],u1"),
                ]
            )
        )
    )
    lengths = draw(st.lists(st.integers(1, 4), max_size=3))
    count = int(np.prod([2 * length for length in lengths], dtype=int))
    room = sb.zeros(count * kind.itemsize + 64, "u1")
    values = np.ndarray(
        [2 * length for length in lengths], kind, room, draw(st.sampled_from([0, 1, 4, 16, 63]))
    )
    parts = [slice(None, None, draw(st.sampled_from([-2, -1, 1, 2]))) for _ in lengths]
    values = values[(*parts, ...)].transpose(draw(st.permutations(range(len(lengths)))))
    values.flags.writeable = draw(st.booleans())
    if kind.kind in "biufc" and kind.itemsize <= 8 and draw(st.booleans()):
        return memoryview(values)
    return values


class TestRemedy:
    @settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(lenders(), st.sampled_from([None, "float32", "int64", "bfloat16"]))
    def test_the_line_makes_it_shared_and_keeps_the_values(self, x, dtype):
        tf = pytest.importorskip("tensorflow")
        if sb.layout(x).dtype.kind == "c":
            dtype = None  # NumPy warns of the imaginary part that goes
        verdict = sb.explain(x, dtype=dtype)
        if verdict.shared or verdict.remedy is None:
            assert verdict.shared or not verdict.possible
            return
        scope = {"x": x, "sb": sb, "tf": tf, "np": np}
        exec(verdict.remedy, scope)  # noqa: S102 (what the library tells people to run)
        # Dates asked for as their counts stay dates, and the counts are shared.
        again = sb.explain(scope["x"], dtype=dtype if verdict.possible else None)
        if "M8" in str(sb.layout(x).dtype) and sb.layout(x).dtype.names:
            again = sb.explain(sb.as_array(scope["x"]).view("int64"))
        assert again.shared, (str(verdict), str(again))
        if verdict.possible:
            before, after = sb.as_array(x), sb.as_array(scope["x"])
            np.testing.assert_array_equal(after, before.astype(after.dtype))

    @pytest.mark.parametrize("dtype", ["M8[s]", ">M8[s]", "m8[ms]"])
    @pytest.mark.parametrize("step", [1, 2, -1])
    def test_dates_become_their_counts(self, dtype, step):
        pytest.importorskip("tensorflow")
        dates = np.arange(-3, 5).astype(dtype)[::step]
        scope = {"x": dates, "sb": sb}
        exec(sb.explain(dates).remedy, scope)  # noqa: S102
        assert scope["x"].tolist() == list(range(-3, 5))[::step]
        assert sb.explain(scope["x"]).shared

    def test_the_first_field_of_a_structure_of_any_lender(self):
        pytest.importorskip("tensorflow")
        records = np.zeros(4, [("at", [("x", ">f4"), ("y", "f4")]), ("b", "u1")])
        records["at"]["x"] = range(4)
        for x in (records, memoryview(records), records[::2]):
            scope = {"x": x, "sb": sb}
            exec(sb.explain(x).remedy, scope)  # noqa: S102
            assert scope["x"].tolist() == sb.as_array(x)["at"]["x"].tolist()
            assert sb.explain(scope["x"]).shared


def test_the_verdict_that_acts_is_the_one_that_explains():
    pytest.importorskip("tensorflow")
    x = sb.zeros((8, 8), "f4")[:, ::2]
    with pytest.raises(sb.CopyNeeded) as info:
        sb.as_tensor(x, "float64", copy=False)
    assert info.value.verdict == sb.explain(x, dtype="float64")
    assert re.search(r"dtype: float32 must become float64", str(info.value))
    assert isinstance(info.value.verdict, Verdict)
