"""JAX on the same bytes: what it demands, asked of the installed JAX itself, and the way in.

``jax.device_put`` shares NumPy's memory on the processor, or copies it without a word. A small
probe of each dtype tells which, and from which addresses on. What is handed over is read-only:
JAX takes it for immutable, and shares writable memory all the same.

JAX holds the memory for as long as it needs it and lets go late, at some later call of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import Unconvertible
from samebytes.memory.aligned import address_of, empty, is_packed
from samebytes.share.frameworks import import_jax
from samebytes.share.guard import record, record_shared
from samebytes.share.layout import Layout, layout_of_view
from samebytes.share.verdict import Target, Verdict, judge

__all__ = [
    "NARROWER",
    "check_jax_components",
    "jax_arrays_on",
    "judge_jax",
    "read_only",
    "stays_on_the_processor",
]

ALIGNMENTS = (1, 16, 64, 128, 4096)
"""Which are tried, in bytes; XLA's processors want 64, and other versions have wanted others."""


# ------------------------------------------------------------------------------- probing


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a read-only view of an array; never copies."""
    view: npt.NDArray[Any] = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def _processor(jax: Any) -> Any:
    """Return the processor as JAX has it, or None where it was told to leave it out."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return None


@functools.cache
def _probe(dtype: np.dtype[Any], x64: bool) -> tuple[bool, int]:  # noqa: ARG001, FBT001
    """Return whether JAX has `dtype`, and what divides the addresses that it shares; 0: none.

    What it has depends on ``jax_enable_x64``, which is a key and is not looked at.
    """
    jax = import_jax()
    room = read_only(empty((2 * ALIGNMENTS[-1] + 64 * dtype.itemsize,), np.uint8))
    has, found = False, 0
    for past in reversed(ALIGNMENTS):
        # At an odd multiple of it, or at none of the larger ones.
        probe = room[past : past + 64 * dtype.itemsize].view(dtype)
        try:
            made = jax.device_put(probe, _processor(jax))
            has = made.dtype == dtype
            shared = has and made.unsafe_buffer_pointer() == address_of(probe)
        except (TypeError, ValueError, RuntimeError, NotImplementedError):
            shared = False  # a dtype that JAX refuses
        if not shared:
            break
        found = past
    return has, found


def _probed(dtype: np.dtype[Any]) -> tuple[bool, int]:
    return _probe(dtype, bool(import_jax().config.jax_enable_x64))


def _supports(dtype: np.dtype[Any]) -> bool:
    if dtype.hasobject or dtype.names is not None or dtype.kind in "SUTmM":
        return False
    return _probed(dtype.newbyteorder("="))[0]


def _has_door(dtype: np.dtype[Any], readonly: bool) -> bool:  # noqa: ARG001, FBT001
    return _probed(dtype)[1] > 0


NARROWER = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
"""What JAX makes of numbers of 64 bits, unless ``jax_enable_x64`` is set."""


def _lacks(dtype: np.dtype[Any]) -> tuple[str, str | None] | None:
    """Return why JAX has no such dtype, and what to do; None for what no framework has."""
    if dtype.kind in "SUT":
        return "JAX has no strings", None
    if dtype.hasobject:
        return "its elements are references to Python objects, not values", None
    if dtype.name in NARROWER:
        narrower = NARROWER[dtype.name]
        sentence = f"JAX has {dtype.name} only where jax_enable_x64 is set, and would make it "
        return f"{sentence}{narrower}", f"x = sb.aligned(x, {narrower!r})"
    if dtype.kind in "fc" and dtype.itemsize > 8 * (1 + (dtype.kind == "c")):
        narrower = "float32" if dtype.kind == "f" else "complex64"
        return f"JAX has no {dtype.name}", f"x = sb.aligned(x, {narrower!r})"
    if dtype.kind in "mM" and not import_jax().config.jax_enable_x64:
        sentence = "JAX has no dates; their 64-bit counts need jax_enable_x64"
        return sentence, "jax.config.update('jax_enable_x64', True); x = sb.as_array(x).view('i8')"
    return None


# ------------------------------------------------------------------------------ deciding


def _target(dtype: np.dtype[Any]) -> Target:
    """Return what JAX asks of memory of `dtype` in this machine's byte order."""
    alignment = _probed(dtype)[1] if _supports(dtype) else 0
    return Target(
        "JAX",
        alignment or 64,
        packed=True,
        native=True,
        supports=_supports,
        has_door=_has_door,
        lacks=_lacks,
        package="jax",
    )


def judge_jax(
    layout: Layout, dtype: np.dtype[Any] | None = None, *, copy: bool | None = None
) -> Verdict:
    """Decide what the installed JAX can do with `layout` on the processor, here and now."""
    wanted = layout.dtype if dtype is None else dtype
    native = wanted if wanted.kind == "T" else wanted.newbyteorder("=")
    return judge(layout, _target(native), dtype, copy=copy)


def check_jax_components(components: Iterable[tuple[str, np.dtype[Any]]]) -> None:
    """Refuse components whose dtype JAX does not have, which it would narrow without a word.

    Raises
    ------
    Unconvertible
        For the first that has none: 64-bit numbers without ``jax_enable_x64``, strings, dates.
    """
    for name, dtype in components:
        native = dtype if dtype.kind == "T" else dtype.newbyteorder("=")
        if _supports(native):
            continue
        because, instead = _words(name, native)
        message = f"component {name} of {dtype.name} cannot become a jax.Array: {because}"
        raise Unconvertible(f"{message}. {instead}")


def _words(name: str, dtype: np.dtype[Any]) -> tuple[str, str]:
    """Return why a component has no JAX array, and what to give in its place."""
    unknown = f"this version of JAX has no dtype {dtype.name}"
    because, _ = _lacks(dtype) or ("JAX has no dates" if dtype.kind in "mM" else unknown, None)
    narrower = NARROWER.get(dtype.name)
    if narrower is not None:
        cast = f"ds.map(sb.Cast({narrower!r}), on={name!r})"
        return because, f"Convert it: {cast}; or set jax.config.update('jax_enable_x64', True)"
    if dtype.kind in "SUT":
        return because, "Pass numbers in its place, such as their indices, or leave it out"
    if dtype.kind in "mM":
        return because, "Pass instead: x.astype('int32')"
    if dtype.names is not None:
        fields = ", ".join(f"{field!r}: x[{field!r}]" for field in dtype.names)
        return "an array has one dtype, and this has fields", f"Pass instead: {{{fields}}}"
    if dtype.kind in "fc":
        return because, f"Pass instead: x.astype('{'float32' if dtype.kind == 'f' else 'c8'}')"
    return because, "Pass instead: its bits, x.view('uint8')"


# -------------------------------------------------------------------------------- acting


def jax_arrays_on(
    arrays: Sequence[npt.NDArray[Any]], places: Sequence[Any] | None = None
) -> list[Any]:
    """Return a JAX array of each array, on the same bytes where JAX runs on the processor.

    What is dense and aligned is not copied there; the rest is. To an accelerator JAX moves the
    bytes in its own time, and holds them until then.

    Parameters
    ----------
    arrays : sequence of ndarray
        Of dtypes that `check_jax_components` lets pass.
    places : sequence of jax.Device or jax.sharding.Sharding, optional
        Where each goes, by default where JAX puts everything.

    Raises
    ------
    CopyNeeded
        If a `no_copy` block forbids a copy on the processor, and only a copy would do.
    """
    jax = import_jax()
    if places is None:
        stay = list(arrays) if stays_on_the_processor(None) else []
    else:
        pairs = zip(arrays, places, strict=True)
        stay = [part for pair in pairs if stays_on_the_processor(pair[1]) for part in _parts(*pair)]
    _count(stay)
    sent = [_as_sent(array) for array in arrays]
    made: list[Any] = jax.device_put(sent, None if places is None else list(places))
    return made


def _parts(array: npt.NDArray[Any], place: Any) -> list[npt.NDArray[Any]]:
    """Return what each of the devices of a place is given of an array."""
    if len(getattr(place, "device_set", ())) <= 1:
        return [array]
    return [array[index] for index in place.addressable_devices_indices_map(array.shape).values()]


def _count(arrays: Sequence[npt.NDArray[Any]]) -> None:
    """Count what is shared; judge, and so perhaps forbid, what has to be copied."""
    alignments = {dtype: _probed(dtype)[1] for dtype in {array.dtype for array in arrays}}
    shared = nbytes = 0
    for array in arrays:
        alignment = alignments[array.dtype]
        if alignment and is_packed(array) and address_of(array) % alignment == 0:
            shared, nbytes = shared + 1, nbytes + array.nbytes
        else:
            record(judge_jax(layout_of_view(array, "numpy.ndarray")))
    record_shared(shared, nbytes)


def _as_sent(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    native = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    # Of a view it holds the owner: a view that was made for it is handed over as it is.
    return read_only(native) if native.flags.writeable else native


def stays_on_the_processor(place: Any) -> bool:
    """Return whether bytes that go to a device or sharding, None for JAX's own, can stay there."""
    jax = import_jax()
    if place is None:
        place = jax.config.jax_default_device
        if place is None or isinstance(place, str):
            return bool((place or jax.default_backend()) == "cpu")
    return all(device.platform == "cpu" for device in getattr(place, "device_set", {place}))
