"""Which writer writes a leaf of a plan: the kernel follows from it."""

from __future__ import annotations

from samebytes.engine.addressing import runs_of
from samebytes.engine.label_writer import LabelWriter
from samebytes.engine.pixel_writer import PixelWriter
from samebytes.engine.writers import ArrayWriter, DocumentWriter, PairWriter, Writer
from samebytes.plan.documents import DocumentFeature
from samebytes.plan.shared_reads import Group

__all__ = ["writers_of"]


def writers_of(group: Group, size: int, elements: int, *, padded: bool) -> tuple[Writer, ...]:
    """Choose what writes some leaves into one block of memory: the kernel follows from it.

    Parameters
    ----------
    group : Group
        A leaf, or two that are read as one.
    size, elements : int
        Samples in an element at most, and elements in a block.
    padded : bool
        Whether some of a sample's rows may not be there.
    """
    component = group.component
    if len(group.leaves) > 1:
        return (PairWriter(component, size, elements),)
    if isinstance(component.array, DocumentFeature):
        return (DocumentWriter(component, component.array, size, elements),)
    if component.spec.classes:
        return (LabelWriter(component, size, elements),)
    if component.spec.staged:
        return (PixelWriter(component, size, elements),)
    runs = runs_of(component.stencil)
    return tuple(ArrayWriter(component, size, elements, *run, padded=padded) for run in runs)
