"""Several datasets as one: end to end, in proportions, or as somebody chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from samebytes.plan import concat as arrays
from samebytes.plan import samplers
from samebytes.plan.concat import ConcatArray
from samebytes.plan.joining import joined
from samebytes.plan.mixtures import Chosen, ChosenAgain, EndToEnd, InProportion, Schedule
from samebytes.plan.proportions import as_weights, whole_weights
from samebytes.plan.recipe import Recipe
from samebytes.plan.selection import is_drawn

__all__ = ["choose_from_datasets", "concat", "sample_from_datasets"]

R = TypeVar("R", bound=Recipe)


@overload
def concat(parts: Sequence[R]) -> R: ...  # type: ignore[overload-overlap]
@overload
def concat(parts: Sequence[object]) -> ConcatArray: ...
def concat(parts: Any) -> Any:
    """Return several arrays and files as one source, or datasets as one, end to end; never copies.

    Parameters
    ----------
    parts : sequence of arrays, or of paths of files with one array each; or of datasets
        Arrays must have one dtype and one row shape, and may have any lengths. Open raw files
        first: ``sb.open(path, "uint16")``. Datasets must have samples of one kind, and have the
        same done to them.

    Raises
    ------
    ValueError
        If there are none, or if dtypes, row shapes or strides differ, or what datasets do.
    TypeError
        If some are datasets and others are not.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> series = sb.concat([np.zeros((100, 2), "float32"), np.ones((70, 2), "float32")])
    >>> series.shape
    (170, 2)
    >>> len(sb.Dataset.from_tensor_slices(series).window(60))  # none crosses from one to the other
    52
    >>> one, two = (sb.Dataset.from_tensor_slices(np.arange(n)) for n in (2, 3))
    >>> [int(x) for x in sb.concat([one, two])]
    [0, 1, 0, 1, 2]
    """
    found = list(parts)
    if not any(isinstance(part, Recipe) for part in found):
        return arrays.concat(found)
    datasets = _datasets("concat", found)
    return _mixed("concat", datasets, EndToEnd(_lengths(datasets)))


def sample_from_datasets(
    datasets: Sequence[R],
    weights: npt.ArrayLike | None = None,
    stop_on_empty: bool = False,  # noqa: FBT001, FBT002 (tf.data's signature)
) -> R:
    """Return the samples of several datasets in the proportions of `weights`; never copies.

    Whose turn it is, is not drawn but computed: after any number of samples nobody has had one
    more, or one less, than the share of them. The samples of each come in its own order.

    Parameters
    ----------
    datasets : sequence of Dataset
        With samples of one kind, and the same done to them; `map` and `batch` what comes out.
    weights : sequence of float, optional
        How often each comes, from 0 on; by default all equally often.
    stop_on_empty : bool
        Whether it ends where it is the turn of one that has no sample left. Otherwise the others
        go on, in the proportions of their weights.

    Raises
    ------
    ValueError
        If their samples differ in shape or dtype, or weights are no numbers from 0 on.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> code, text = (sb.Dataset.from_tensor_slices(np.full(9, n)).repeat() for n in (0, 1))
    >>> mixture = sb.sample_from_datasets([code, text], [0.25, 0.75]).batch(8)
    >>> next(iter(mixture)).tolist()
    [1, 1, 0, 1, 1, 1, 0, 1]
    """
    found = _datasets("sample_from_datasets", datasets)
    called = "sample_from_datasets(weights=)"
    shares = whole_weights(as_weights(weights, len(found), called, "datasets"))
    mixed: R = _mixed(
        "sample_from_datasets",
        found,
        InProportion(_lengths(found), shares, stop=bool(stop_on_empty)),
    )
    return mixed


def choose_from_datasets(
    datasets: Sequence[R],
    choices: Any,
    stop_on_empty: bool = True,  # noqa: FBT001, FBT002 (tf.data's signature)
) -> R:
    """Return for each of `choices` the next sample of the dataset of that number; never copies.

    Parameters
    ----------
    datasets : sequence of Dataset
        With samples of one kind, and the same done to them.
    choices : array of int, or Dataset of them
        The numbers of datasets, from 0 on; a dataset may repeat them without end.
    stop_on_empty : bool
        Whether it ends where one is chosen that has no sample left. Otherwise that is passed over.

    Raises
    ------
    ValueError
        If their samples differ in shape or dtype, or there is no dataset of some number.
    TypeError
        If choices are no whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> one, two = (sb.Dataset.from_tensor_slices(np.arange(3) + n) for n in (10, 20))
    >>> [int(x) for x in sb.choose_from_datasets([one, two], [0, 1, 1, 0])]
    [10, 20, 21, 11]
    """
    found = _datasets("choose_from_datasets", datasets)
    numbers, again = _choices(choices, len(found))
    kind = ChosenAgain if again else Chosen
    schedule = kind(_lengths(found), numbers, stop=bool(stop_on_empty))
    mixed: R = _mixed("choose_from_datasets", found, schedule)
    return mixed


def _datasets(verb: str, given: Any) -> list[Any]:
    found = list(given)
    if not found:
        message = f"{verb}: expected at least one dataset; got none"
        raise ValueError(message)
    for number, part in enumerate(found):
        if not isinstance(part, Recipe):
            message = (
                f"{verb}: expected datasets alone, but number {number} is of type "
                f"{type(part).__name__}; make one of it: sb.Dataset.from_tensor_slices(x)"
            )
            raise TypeError(message)
    return found


def _lengths(datasets: Sequence[Recipe]) -> tuple[int | None, ...]:
    return tuple(part.length for part in datasets)


def _mixed(verb: str, parts: Sequence[Any], schedule: Schedule) -> Any:
    found = parts[0]._with(**joined(verb, parts, schedule))  # noqa: SLF001 (its own)
    samplers.check_countable(found.samples)
    return found


def _choices(choices: Any, count: int) -> tuple[npt.NDArray[np.int64], bool]:
    """Return the numbers of datasets, and whether they begin anew without end."""
    again = False
    if isinstance(choices, Recipe):
        given: Any = choices
        if given.length is None:
            order = given.samples if given.batches is None else given.batches
            again = isinstance(order, samplers.Repeat) and order.parent.length is not None
            if not again or given.batch_size is not None:
                message = (
                    "choose_from_datasets(choices=): these choices never end; expected as many as "
                    "there are to be samples, or the same ones again and again: choices.repeat()"
                )
                raise ValueError(message)
            given = given._with(samples=order.parent)  # noqa: SLF001 (its own)
        if is_drawn(given.samples):
            message = (
                "choose_from_datasets(choices=): these choices are shuffled anew in each epoch; "
                "shuffle an array of them instead, or call sample_from_datasets"
            )
            raise ValueError(message)
        choices = [
            np.asarray(element).reshape(-1) for element in given.with_format("numpy").iterate(0)
        ]
        choices = np.concatenate(choices) if choices else np.empty(0, np.int64)
    numbers = np.asarray(choices)
    if numbers.ndim != 1 or (numbers.dtype.kind not in "iu" and numbers.size):
        message = (
            "choose_from_datasets(choices=): expected whole numbers along one axis; got "
            f"{numbers.dtype} of shape {numbers.shape}"
        )
        raise TypeError(message)
    outside = (numbers < 0) | (numbers >= count)
    if outside.any():
        message = (
            f"choose_from_datasets(choices=): there is no dataset {int(numbers[outside][0])}; "
            f"expected numbers from 0 to {count - 1}"
        )
        raise ValueError(message)
    return numbers.astype(np.int64), again
