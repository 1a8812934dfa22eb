"""Labels as vectors, with a one at the place of the class."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform

__all__ = ["OneHot"]


@dataclass(frozen=True)
class OneHot(Transform):
    """Whole numbers below `classes` as float32 vectors of so many values, one of them 1; folded.

    `MixUp` and `CutMix` mix such labels. A number that is no class is an error when it is read.

    Parameters
    ----------
    classes : int
        How many there are.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> next(iter(sb.Dataset.from_tensor_slices(np.array([2, 0])).map(sb.OneHot(3)).batch(2)))
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """

    classes: int

    def __post_init__(self) -> None:
        """Refuse what is no number of classes."""
        classes = operator.index(self.classes)
        if classes < 1:
            message = f"OneHot({classes}): expected 1 class or more"
            raise ValueError(message)
        object.__setattr__(self, "classes", classes)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32 vectors."""
        if spec.shape not in {(), (1,)} or spec.dtype.kind not in "iu":
            message = (
                f"OneHot({self.classes}) takes a whole number a sample; got {spec.dtype.name} of "
                f"the shape {spec.shape}. Name the labels with on="
            )
            raise ValueError(message)
        spec.need(not spec.lead and not spec.linear, "OneHot folds for labels as they are stored")
        return replace(spec, classes=self.classes, dtype=np.dtype(np.float32))

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Change no number: the pass writes the vectors."""

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one label as a vector."""
        label = int(np.asarray(sample).reshape(()))
        check_labels(np.array([label]), self.classes)
        found = np.zeros(self.classes)
        found[label] = 1
        return found


def check_labels(labels: npt.NDArray[np.int64], classes: int) -> None:
    """Refuse labels that are no class."""
    strange = (labels < 0) | (labels >= classes)
    if strange.any():
        message = (
            f"OneHot({classes}): a label is {labels[strange.argmax()]}; expected 0 to {classes - 1}"
        )
        raise ValueError(message)
