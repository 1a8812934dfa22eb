"""Everything that exports memory is seen as an ndarray on its bytes, whatever the protocol."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
import subprocess
import sys
import weakref
from multiprocessing.shared_memory import SharedMemory

import ml_dtypes
import numpy as np
import pytest

import samebytes as sb
from samebytes.share.buffer import type_name, view


def address(exporter) -> int:
    """Return where a contiguous exporter's bytes begin, asked without NumPy."""
    if isinstance(exporter, (ctypes.Array, ctypes.Structure, ctypes.Union, ctypes._SimpleCData)):
        return ctypes.addressof(exporter)
    return np.frombuffer(exporter, "u1").ctypes.data


class TestNumpy:
    @pytest.mark.parametrize(
        "make",
        [
            lambda a: a,
            lambda a: a.T,
            lambda a: a[::-1, ::2],
            lambda a: np.broadcast_to(a, (2, 3, 4)),
            lambda a: a.view(np.recarray),
            lambda a: a.view(np.matrix),
            lambda a: a.view(np.memmap),
            lambda a: np.ma.array(a, copy=False),
            lambda a: a[:0],
            lambda a: a[1:2, 1].reshape(()),
        ],
        ids=[
            "plain",
            "transposed",
            "steps",
            "broadcast",
            "record array",
            "matrix",
            "memmap",
            "masked array without a mask",
            "empty",
            "0-d",
        ],
    )
    @pytest.mark.filterwarnings("ignore:the matrix subclass")
    def test_arrays_and_subclasses_are_shared_as_plain_arrays(self, make):
        original = make(np.arange(12.0).reshape(3, 4))
        found = view(original)
        assert type(found) is np.ndarray
        assert (found.shape, found.strides) == (original.shape, original.strides)
        assert found.ctypes.data == original.ctypes.data
        assert found.flags.writeable == original.flags.writeable

    @pytest.mark.parametrize("mask", [[True, False], [False, False], False])
    def test_a_mask_is_a_second_buffer_and_refused(self, mask):
        masked = np.ma.array([1, 2], mask=mask)
        with pytest.raises(sb.NotABuffer, match=r"two buffers.*x\.data, x\.mask.*x\.filled"):
            view(masked)

    @pytest.mark.parametrize(
        "scalar",
        [
            np.float32(1.5),
            np.int64(3),
            np.bool_(True),
            np.complex64(2j),
            np.longdouble(2),
            np.str_("abc"),
            np.datetime64("2020-01-01"),
            np.timedelta64(3, "s"),
            np.void(b"abcd"),
            np.zeros(2, "u1,>f4")[1],
        ],
        ids=lambda scalar: type(scalar).__name__,
    )
    def test_scalars_are_arrays_without_axes(self, scalar):
        found = view(scalar)
        assert (found.shape, found.dtype) == ((), scalar.dtype)
        assert found[()] == scalar
        if not isinstance(scalar, np.void):
            assert not found.flags.writeable

    def test_scalars_that_export_nothing_are_refused(self):
        with pytest.raises(sb.NotABuffer, match=r"ml_dtypes\.bfloat16 exports no memory"):
            view(ml_dtypes.bfloat16(1))


class TestMemoryview:
    FORMATS = "?cbBhHiIlLqQnNfdP"

    @staticmethod
    def content(nbytes, letter):
        # A character of NumPy ends at a zero byte.
        return bytearray(i % 2 + 65 * (letter == "c") for i in range(nbytes))

    @pytest.mark.parametrize("letter", FORMATS)
    @pytest.mark.parametrize("readonly", [False, True])
    def test_every_native_format_is_shared(self, letter, readonly):
        content = self.content(48, letter)
        exported = memoryview(content).cast(letter)
        exported = exported.toreadonly() if readonly else exported
        found = view(exported)
        assert found.dtype.itemsize == exported.itemsize
        assert found.tolist() == exported.tolist()
        assert found.ctypes.data == address(content)
        assert found.flags.writeable is not readonly

    @pytest.mark.parametrize("letter", FORMATS)
    @pytest.mark.parametrize(
        "part", [slice(None, None, 2), slice(None, None, -1), slice(1, -1), slice(0, 0)], ids=str
    )
    def test_steps_and_reversals_of_every_format_are_shared(self, letter, part):
        content = self.content(64, letter)
        exported = memoryview(content).cast(letter)[part]
        found = view(exported)
        assert found.tolist() == exported.tolist()
        assert found.strides == exported.strides
        assert found.size == 0 or np.shares_memory(found, np.frombuffer(content, "u1"))

    @pytest.mark.parametrize("letter", FORMATS)
    @pytest.mark.parametrize("part", [slice(None), slice(None, None, -2)], ids=str)
    def test_n_dimensional_views_of_every_format_are_shared(self, letter, part):
        size = memoryview(bytearray(8)).cast(letter).itemsize
        content = self.content(3 * 2 * size, letter)
        exported = memoryview(content).cast(letter, (3, 2))[part]
        found = view(exported)
        assert found.tolist() == exported.tolist()
        assert np.shares_memory(found, np.frombuffer(content, "u1"))

    @pytest.mark.parametrize("dtype", ["e", "g", "Zf", "F", "D", "G", ">i2", "S3", "U2", "u1,>f4"])
    def test_formats_that_only_numpy_writes_are_read_again(self, dtype):
        original = np.zeros((3, 4), "c8" if dtype == "Zf" else dtype)[:, ::2]
        found = view(memoryview(original))
        assert found.dtype == original.dtype
        assert found.strides == original.strides
        assert found.ctypes.data == original.ctypes.data

    def test_fortran_order_is_kept(self):
        original = np.asfortranarray(np.arange(6).reshape(2, 3))
        found = view(memoryview(original))
        assert found.strides == (8, 16)
        assert found.ctypes.data == original.ctypes.data

    def test_views_without_axes(self):
        original = np.array(3.5)
        assert view(memoryview(original)).shape == ()
        assert view(memoryview(original))[()] == 3.5

    def test_the_exporter_cannot_shrink_while_the_array_lives(self):
        content = bytearray(64)
        found = [view(memoryview(content).cast(letter)[::2]) for letter in "Bn"]
        found += [view(memoryview(content).cast("n")), view(content)]
        while found:
            with pytest.raises(BufferError, match="Existing exports"):
                content.clear()
            found.pop()
            gc.collect()
        content.clear()

    def test_python_objects_are_not_lent(self):
        exported = memoryview(np.array([object()]))
        with pytest.raises(sb.NotABuffer, match="format 'O' holds Python objects"):
            view(exported)

    def test_a_released_view_is_refused(self):
        exported = memoryview(b"abc")
        exported.release()
        with pytest.raises(sb.NotABuffer, match="released memoryview"):
            view(exported)


class TestStandardLibrary:
    @pytest.mark.parametrize("letter", [code for code in array.typecodes if code not in "uw"])
    def test_array_array_of_every_typecode(self, letter):
        original = array.array(letter, [1, 2, 3])
        found = view(original)
        assert found.tolist() == [1, 2, 3]
        assert found.dtype.kind == {"f": "f", "d": "f"}.get(letter, "iu"[letter.isupper()])
        assert found.ctypes.data == original.buffer_info()[0]
        assert found.flags.writeable

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    @pytest.mark.parametrize("letter", [code for code in array.typecodes if code in "uw"])
    def test_array_array_of_characters(self, letter):
        original = array.array(letter, "añ😀")
        found = view(original)
        assert found.tolist() == ["a", "ñ", "😀"]
        assert found.ctypes.data == original.buffer_info()[0]

    @pytest.mark.parametrize("kind", [bytes, bytearray])
    def test_bytes_are_uint8(self, kind):
        original = kind(b"abc")
        found = view(original)
        assert found.dtype == np.uint8
        assert found.tolist() == [97, 98, 99]
        assert found.ctypes.data == address(original)
        assert found.flags.writeable is (kind is bytearray)

    @pytest.mark.parametrize(
        "empty",
        [b"", bytearray(), array.array("d"), memoryview(b"").cast("n"), (ctypes.c_int * 0)()],
        ids=lambda empty: type(empty).__name__,
    )
    def test_empty_buffers_are_empty_arrays(self, empty):
        found = view(empty)
        assert found.shape == (0,)
        assert found.dtype.itemsize == memoryview(empty).itemsize

    @pytest.mark.parametrize("access", [mmap.ACCESS_READ, mmap.ACCESS_WRITE, mmap.ACCESS_COPY])
    def test_memory_maps(self, tmp_path, access):
        path = tmp_path / "bytes"
        path.write_bytes(b"some bytes")
        with path.open("r+b") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=access)
        found = view(mapped)
        assert found.tobytes() == b"some bytes"
        assert found.flags.writeable is (access != mmap.ACCESS_READ)
        with pytest.raises(BufferError, match="exported pointers"):
            mapped.close()
        del found
        mapped.close()


class Plain(ctypes.Structure):
    _fields_ = [("a", ctypes.c_char), ("b", ctypes.c_double)]


class Nested(ctypes.Structure):
    _fields_ = [("plain", Plain), ("grid", (ctypes.c_int * 3) * 2)]


class Big(ctypes.BigEndianStructure):
    _fields_ = [("a", ctypes.c_uint16)]


class Packed(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("a", ctypes.c_char), ("b", ctypes.c_double)]


class Either(ctypes.Union):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_float)]


class Pointing(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.POINTER(ctypes.c_int))]


class Bits(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int, 3), ("b", ctypes.c_int, 5)]


class Wide(ctypes.Structure):
    _fields_ = [("a", ctypes.c_wchar), ("b", ctypes.c_int)]


class Referring(ctypes.Structure):
    _fields_ = [("a", ctypes.py_object)]


class TestCtypes:
    SCALARS = (
        *("bool", "char", "byte", "ubyte", "short", "ushort", "int", "uint", "long", "ulong"),
        *("longlong", "ulonglong", "float", "double", "longdouble", "size_t", "ssize_t", "void_p"),
    )

    @pytest.mark.parametrize("name", SCALARS)
    def test_scalars_and_arrays_of_them(self, name):
        kind = getattr(ctypes, f"c_{name}")
        value = b"a" if kind is ctypes.c_char else 1
        for original, shape in ((kind(value), ()), (((kind * 3) * 2)(), (2, 3))):
            found = view(original)
            assert found.shape == shape
            assert found.dtype.itemsize == ctypes.sizeof(kind)
            assert found.ctypes.data == ctypes.addressof(original)
            assert found.flags.writeable
            assert shape or found[()] == value

    def test_wide_characters(self):
        original = (ctypes.c_wchar * 3)(*"aß€")
        assert view(original).tolist() == ["a", "ß", "€"]
        assert view(original).ctypes.data == ctypes.addressof(original)
        assert view(ctypes.c_wchar("ß"))[()] == "ß"

    @pytest.mark.parametrize("kind", [Plain, Nested, Big, Packed, Either])
    def test_structures_keep_fields_padding_and_byte_order(self, kind):
        for original, shape in ((kind(), ()), ((kind * 3)(), (3,)), (((kind * 3) * 2)(), (2, 3))):
            found = view(original)
            assert found.dtype == np.dtype(kind)
            assert (found.shape, found.dtype.itemsize) == (shape, ctypes.sizeof(kind))
            assert found.ctypes.data == ctypes.addressof(original)

    def test_writing_through_the_array_writes_the_structure(self):
        original = (Nested * 2)()
        found = view(original)
        found["plain"]["b"] = [1.5, 2.5]
        found["grid"][1] = 7
        assert original[1].plain.b == 2.5
        assert original[1].grid[1][2] == 7

    @pytest.mark.parametrize("kind", [Pointing, Bits, Wide, Referring])
    @pytest.mark.parametrize("length", [None, 3])
    def test_structures_without_plain_values_are_refused_without_a_warning(self, kind, length):
        original = kind() if length is None else (kind * length)()
        with pytest.raises(sb.NotABuffer, match=f"{kind.__name__}.* does not lend its memory"):
            view(original)

    @pytest.mark.parametrize(
        "kind", [ctypes.POINTER(ctypes.c_int), ctypes.c_char_p, ctypes.c_wchar_p, ctypes.py_object]
    )
    def test_pointers_are_refused(self, kind):
        for original in (kind(), (kind * 2)()):
            with pytest.raises(sb.NotABuffer, match="does not lend its memory"):
                view(original)


class TestSharedMemory:
    def test_the_block_is_shared_and_writable(self):
        block = SharedMemory(create=True, size=4096)
        try:
            found = view(block)
            found[:3] = 1, 2, 3
            assert bytes(block.buf[:3]) == b"\x01\x02\x03"
            assert found.dtype == np.uint8
            assert found.ctypes.data == address(block.buf)
            del found
        finally:
            block.close()
            block.unlink()

    def test_a_closed_block_is_refused_in_words(self):
        block = SharedMemory(create=True, size=16)
        block.close()
        block.unlink()
        with pytest.raises(sb.NotABuffer, match="this SharedMemory is closed; attach to it again"):
            view(block)

    def test_the_array_outlives_the_owner_and_nothing_is_said_at_the_end(self):
        script = """
import gc
from multiprocessing.shared_memory import SharedMemory
import samebytes as sb
def share():
    block = SharedMemory(create=True, size=1 << 20)
    block.unlink()
    return sb.as_array(block, "int32", (1 << 9, -1))
x = share()
gc.collect()
x[...] = 7
assert x.sum() == 7 << 18
row = x[5:6, 3]
del x
gc.collect()
assert row[0] == 7
del row
gc.collect()
at_exit = share()
print("fine")
"""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 0)

    def test_the_owner_goes_with_the_last_array(self):
        block = SharedMemory(create=True, size=16)
        block.unlink()
        found, watch = view(block), weakref.ref(block)
        del block
        gc.collect()
        assert watch() is not None
        del found
        gc.collect()
        assert watch() is None


class WithInterface:
    def __init__(self, lent, **changes):
        self.lent = lent
        self.__array_interface__ = {**lent.__array_interface__, **changes}


class WithBuffer:
    """A __buffer__ as Python code writes it: asked by Python itself from 3.12 on."""

    def __init__(self, lent):
        self.lent = lent

    def __buffer__(self, flags):
        return memoryview(self.lent)


class WithDlpack:
    def __init__(self, lent, device=None):
        self.lent, self.device = lent, device

    def __dlpack__(self, **options):
        return self.lent.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device or self.lent.__dlpack_device__()


class TestProtocols:
    @pytest.mark.parametrize("wrap", [WithInterface, WithBuffer, WithDlpack])
    @pytest.mark.parametrize(
        "make", [lambda a: a, lambda a: a[:, ::2], lambda a: a.T], ids=["plain", "step", "T"]
    )
    def test_foreign_objects_are_shared(self, wrap, make):
        lent = make(np.arange(12, dtype="f4").reshape(3, 4))
        found = view(wrap(lent))
        np.testing.assert_array_equal(found, lent)
        assert found.strides == lent.strides
        assert found.ctypes.data == lent.ctypes.data

    @pytest.mark.parametrize("wrap", [WithInterface, WithBuffer])
    def test_read_only_is_kept(self, wrap):
        lent = np.arange(4)
        lent.flags.writeable = False
        assert not view(wrap(lent)).flags.writeable

    @pytest.mark.parametrize("wrap", [WithInterface, WithBuffer, WithDlpack])
    def test_the_lender_lives_as_long_as_the_array(self, wrap):
        owner = wrap(np.arange(1000))
        found, watch = view(owner)[5:], weakref.ref(owner.lent)
        del owner
        gc.collect()
        assert watch() is not None
        assert found[0] == 5
        del found
        gc.collect()
        assert watch() is None

    def test_a_buffer_method_that_returns_something_else_is_refused(self):
        class Wrong:
            def __buffer__(self, flags):
                return b"bytes are no memoryview"

        with pytest.raises(sb.NotABuffer, match="Wrong"):
            view(Wrong())

    def test_memory_of_another_device_is_refused_by_its_name(self):
        with pytest.raises(sb.NotABuffer, match="DLPack device 2:1, not in host memory"):
            view(WithDlpack(np.arange(3), device=(2, 1)))

    @pytest.mark.parametrize("device", [(1, 0), (3, 0)])
    def test_host_memory_of_every_kind_is_taken(self, device):
        lent = np.arange(3)
        assert np.shares_memory(view(WithDlpack(lent, device)), lent)

    def test_a_dlpack_without_a_device_is_refused(self):
        class NoDevice:
            def __dlpack__(self, **options):
                return np.arange(3).__dlpack__(**options)

        class NoPlace(NoDevice):
            def __dlpack_device__(self):
                return None

        for lender in (NoDevice(), NoPlace()):
            with pytest.raises(sb.NotABuffer, match=r"No(Device|Place) does not lend its memory"):
                view(lender)

    @pytest.mark.parametrize(
        "changes",
        [{"typestr": "nonsense"}, {"shape": (1 << 62, 1 << 62)}, {"data": "nowhere"}, {"data": 3}],
        ids=str,
    )
    def test_a_false_interface_is_refused(self, changes):
        with pytest.raises(sb.NotABuffer, match="WithInterface does not lend its memory"):
            view(WithInterface(np.arange(3), **changes))

    @pytest.mark.parametrize("error", [ValueError, AttributeError, RuntimeError, BufferError])
    def test_what_an_interface_raises_is_quoted(self, error):
        class Broken:
            @property
            def __array_interface__(self):
                raise error("broken inside")

        with pytest.raises(sb.NotABuffer, match=r"Broken does not lend its memory: broken inside"):
            view(Broken())

    def test_an_interface_that_copies_whenever_asked_is_no_lender(self):
        class Copying:  # as a Pillow image is
            def __init__(self):
                self.values = np.arange(3, dtype="u1")

            @property
            def __array_interface__(self):
                return {**self.values.__array_interface__, "data": self.values.tobytes()}

        with pytest.raises(sb.NotABuffer, match="makes a new copy each time it is read"):
            view(Copying())


class OnlyArray:
    def __array__(self, dtype=None, copy=None):
        return np.arange(3)


class TestNothingToShare:
    @pytest.mark.parametrize(
        "thing",
        [None, 1, 2.5, "text", [1, 2], (1,), {1: 2}, object(), OnlyArray(), len, int],
        ids=lambda thing: getattr(thing, "__name__", type(thing).__name__),
    )
    def test_is_refused_with_the_way_out(self, thing):
        sentence = r"exports no memory; expected an array, or a buffer.*Make one: np\.asarray\(x\)"
        with pytest.raises(sb.NotABuffer, match=sentence) as info:
            view(thing)
        assert str(info.value).startswith(type_name(thing))

    def test_a_class_lends_nothing_though_its_instances_do(self):
        with pytest.raises(sb.NotABuffer, match="__array_interface__ is not a dict"):
            view(np.ndarray)

    def test_is_the_type_error_that_python_raises(self):
        with pytest.raises(TypeError, match="list exports no memory"):
            view([1])


def test_types_are_named_as_a_person_names_them():
    class Odd:
        __module__ = None

    assert type_name(b"") == "bytes"
    assert type_name(np.zeros(1)) == "numpy.ndarray"
    assert type_name(sb.zeros(1)) == "samebytes.Array"
    assert type_name(Odd()).endswith("Odd")


class TestTensors:
    @pytest.fixture
    def tf(self):
        return pytest.importorskip("tensorflow")

    @pytest.mark.parametrize(
        "name",
        [
            "bool",
            "int8",
            "uint16",
            "int32",
            "uint64",
            "float16",
            "float32",
            "float64",
            "complex64",
            "bfloat16",
            "float8_e4m3fn",
            "float8_e5m2",
            "int4",
            "uint4",
        ],
    )
    def test_every_dtype_is_shared_and_read_only(self, tf, name):
        dtype = getattr(tf, name, None) or tf.as_dtype(name)
        values = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype.as_numpy_dtype)
        try:
            tensor = tf.constant(values)
        except (TypeError, ValueError, tf.errors.OpError):
            pytest.skip(f"this TensorFlow makes no constant of {name}")
        found = view(tensor)
        np.testing.assert_array_equal(found, values)
        assert found.dtype == values.dtype
        assert not found.flags.writeable
        assert found.ctypes.data == np.asarray(tensor).ctypes.data == view(tensor).ctypes.data

    def test_the_memory_lives_as_long_as_the_array(self, tf):
        found = view(tf.range(10000))
        others = [tf.zeros(10000, tf.int32) for _ in range(8)]
        assert found.sum() == 49995000
        assert len(others) == 8

    def test_a_variable_is_shared_as_it_is_now(self, tf):
        variable = tf.Variable([1.0, 2.0])
        found = view(variable)
        assert found.tolist() == [1, 2]
        assert not found.flags.writeable
        variable.assign([3.0, 4.0])
        assert found.tolist() == [1, 2]
        assert view(variable).tolist() == [3, 4]

    def test_strings_are_refused(self, tf):
        with pytest.raises(sb.NotABuffer, match=r"tf\.Tensor of string.*copy it: x\.numpy\(\)"):
            view(tf.constant(["a"]))

    def test_symbolic_tensors_have_no_memory_yet(self, tf):
        @tf.function
        def inside(tensor):
            with pytest.raises(sb.NotABuffer, match=r"symbolic .*\(2,\) has no memory yet"):
                view(tensor)
            return tensor

        inside(tf.zeros(2))

    def test_ragged_and_sparse_tensors_are_no_buffers(self, tf):
        for thing in (tf.ragged.constant([[1], [2, 3]]), tf.sparse.from_dense([[1, 0]])):
            with pytest.raises(sb.NotABuffer, match="exports no memory"):
                view(thing)
