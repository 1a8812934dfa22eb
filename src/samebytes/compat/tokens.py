"""`TokenDataset`: text as tokens, cut into contexts and the token that follows each of theirs."""

from __future__ import annotations

import operator
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.dataset import Dataset
from samebytes.plan import samplers
from samebytes.plan.arguments import at_least
from samebytes.plan.boundaries import borders_of
from samebytes.plan.concat import ConcatArray, concat
from samebytes.plan.documents import DocumentFeature, borders_at_token
from samebytes.plan.seeds import as_seed
from samebytes.plan.sources import as_source
from samebytes.plan.transforms import Cast
from samebytes.plan.tree import flatten
from samebytes.plan.windows import Stencil, Windows
from samebytes.share.creation import open as open_file
from samebytes.share.dtypes import as_dtype

__all__ = ["TokenDataset"]

DESCRIBED = (".npy", ".h5", ".hdf5", ".zarr", ".zarr.zip")
"""How files end that tell their dtype themselves."""


def TokenDataset(  # noqa: N802 (called as the class of datasets that it makes)
    source: Any,
    context_length: int,
    dtype: npt.DTypeLike = "uint16",
    stride: int | None = None,
    seed: int | None = None,
    documents: Any = None,
    *,
    boundaries: Any = None,
    out: npt.DTypeLike = "int64",
    replacement: bool = False,
    cross: bool = False,
    padding: int | None = None,
) -> Dataset:
    """Return a shuffled `Dataset` of (x, y), where y is x one token ahead; never copies the text.

    The tokens are read once and widened as they are written, and x and y share one block of memory,
    so keeping one of them keeps both. Every token is seen once an epoch, except for fewer than two
    contexts at the ends of a text: contexts tile the text, with another phase each epoch, so that
    no pair of tokens is always separated. With several ranks, each takes ``.shard(ranks, rank)``:
    with the same seed, no two ranks ever see the same context.

    Parameters
    ----------
    source : path, array, or list of them
        Raw files of `dtype`, ``.npy``, ``.h5`` and ``.zarr`` files with one array, or integer
        arrays with one axis. Several are treated as one source, but no context crosses from one to
        the next.
    context_length : int
        Number of tokens in x, and in y.
    dtype : dtype-like
        Dtype of the tokens in raw files.
    stride : int, optional
        Tokens from one context to the next; by default `context_length`.
    seed : int, optional
        Seed of the order and the phases; by default a random one.
    documents : int or array, optional
        The token that ends each document (found by reading all tokens once), or an id for each
        token. Contexts do not cross documents, and documents shorter than a context are left out.
    boundaries : array, optional
        The offsets at which documents begin, and the number of tokens last.
    out : dtype-like
        Dtype of x and y: an integer dtype that holds every value of the tokens' dtype.
    replacement : bool
        Begin contexts at any token, drawn with replacement, as nanoGPT does.
    cross : bool
        Let contexts cross documents, and mark where: elements are ``({"tokens": x, "positions": p},
        y, mask)``, with each token's place in its document (int32), and a mask (float32) that is 0
        where y belongs to another document than x: a sample weight for ``fit``.
    padding : int, optional
        Pad documents that are shorter than a context with this token. Elements are then ``(x, y,
        mask)`` with a mask that is 0 where y is padding.

    Raises
    ------
    ValueError
        If a text is shorter than a context, `out` cannot hold the tokens, or an argument is out of
        range.
    TypeError
        If the tokens are not integers.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.TokenDataset(np.arange(1000, dtype="uint16"), 8, seed=0).batch(4)
    >>> x, y = next(iter(ds))
    >>> x.shape, x.dtype.name, bool((y == x + 1).all())
    ((4, 8), 'int64', True)
    """
    tokens = _tokens(source, dtype)
    length = at_least(1, "TokenDataset", context_length=context_length)
    step = length if stride is None else at_least(1, "TokenDataset", stride=stride)
    wanted = _holding(as_dtype(out), tokens.dtype)
    untold = documents is None and boundaries is None
    if untold and (cross or padding is not None):
        message = "TokenDataset: cross= and padding= need documents; pass documents= or boundaries="
        raise ValueError(message)
    if cross and padding is not None:
        message = "TokenDataset(cross=True) leaves nothing to pad; leave out padding="
        raise ValueError(message)
    if padding is not None:
        _check_padding(padding, tokens.dtype)
    key = as_seed(seed)
    stencil = Stencil(0, ((length, 1),))
    nested: Any = (0, 1)
    arrays, stencils = [tokens, tokens], [stencil, Stencil(1, stencil.axes)]
    borders = [tokens.borders if isinstance(tokens, ConcatArray) else np.array([0, len(tokens)])]
    if not untold:
        everything = _borders(tokens, documents, boundaries)
        if not cross:
            borders = [everything]
        else:
            arrays.append(DocumentFeature(everything, np.dtype(np.int32), continues=False))
            nested = ({"tokens": 0, "positions": 2}, 1, 3)
        if padding is not None:
            nested = (0, 1, 2)
        if cross or padding is not None:
            arrays.append(DocumentFeature(everything, np.dtype(np.float32), continues=True))
        stencils += [stencil] * (len(arrays) - 2)
    windows = Windows(
        borders[0].astype(np.int64),
        length + 1,
        step,
        None if padding is None else "right",
        phase_seed=None if replacement or step == 1 else key,
        start_seed=key if replacement else None,
    )
    if not len(windows):
        longest = int(np.diff(windows.borders).max(initial=0))
        message = (
            f"no context fits: context_length={length} needs {length + 1:,} tokens, but the "
            f"longest text has {longest:,}; use a shorter context_length"
        )
        raise ValueError(message)
    order, structure = flatten(nested)
    found = Dataset(
        tuple(arrays[leaf] for leaf in order),
        structure,
        samplers.Sequential(len(windows)),
        tuple(stencils[leaf] for leaf in order),
        windows,
        0 if padding is None else padding,
    )
    text = tuple(structure.names[place] for place, leaf in enumerate(order) if leaf < 2)
    found = found.map(Cast(wanted, on=text))
    return found if replacement else found.shuffle(None, key)


def _tokens(source: Any, dtype: npt.DTypeLike) -> Any:
    """Return the tokens of all parts as one source."""
    if isinstance(source, list | tuple):
        found: Any = concat([_tokens(part, dtype) for part in source])
    elif isinstance(source, str | os.PathLike):
        named = os.fspath(source)
        found = open_file(named) if str(named).endswith(DESCRIBED) else open_file(named, dtype)
    else:
        found = source
    found = as_source("tokens", found)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        message = (
            f"TokenDataset: expected integer tokens along one axis; got {found.dtype} of shape "
            f"{found.shape}"
        )
        raise TypeError(message)
    return found


def _holding(wanted: np.dtype[Any], tokens: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of the output, if it holds every token."""
    if wanted.kind in "iu" and np.can_cast(tokens, wanted):
        return wanted
    message = (
        f"TokenDataset(out={wanted.name!r}): not all tokens of {tokens.name} fit; expected an "
        "integer dtype that holds them, such as 'int64'"
    )
    raise ValueError(message)


def _check_padding(padding: int, tokens: np.dtype[Any]) -> None:
    limits = np.iinfo(tokens)
    if not limits.min <= operator.index(padding) <= limits.max:
        message = (
            f"TokenDataset(padding={padding}): expected a {tokens.name} token, {limits.min} to "
            f"{limits.max}"
        )
        raise ValueError(message)


def _borders(tokens: Any, documents: Any, boundaries: Any) -> npt.NDArray[np.int64]:
    """Return the offsets of documents: those that were given, or found by their last token."""
    parts = [tokens.borders] if isinstance(tokens, ConcatArray) else []
    ids = documents
    if documents is not None and not np.ndim(documents):
        parts.append(_borders_at(tokens, operator.index(documents)))
        ids = None
    found = borders_of(
        len(tokens), ids, boundaries, parts, where="TokenDataset", called="documents"
    )
    return np.unique(found)


def _borders_at(tokens: Any, end: int) -> npt.NDArray[np.int64]:
    if not isinstance(tokens, ConcatArray):
        return borders_at_token(tokens, end)
    parts = zip(tokens.arrays, tokens.borders[:-1], strict=True)
    found = [borders_at_token(part, end) + first for part, first in parts]
    return np.unique(np.concatenate(found))
