"""What a DLPack export leaves unsaid about a tensor is asked: right values, or a sentence."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb

SAY = {
    "is_neg": (r"negative bit is set, .* opposite sign\. Resolve it: x\.resolve_neg\(\)"),
    "is_conj": (r"conjugate bit is set, .* Resolve it: x\.resolve_conj\(\)"),
    "requires_grad": r"requires a gradient.* x\.detach\(\)",
    "is_meta": r"device meta and has no data",
    "is_nested": r"nested.* x\.unbind\(\)",
    "is_quantized": r"quantized.* x\.int_repr\(\); or convert it: x\.dequantize\(\)",
    "is_mkldnn": r"oneDNN's own.* x\.to_dense\(\)",
    "_is_zerotensor": r"stands for zeros and has no bytes",
}
CALLS = {
    "as_array": sb.as_array,
    "as_array with copy": lambda x: sb.as_array(x, copy=True),
    "as_array anew": lambda x: sb.as_array(x, "u1"),
    "explain": lambda x: sb.explain(x, to="numpy"),
    "shares_memory": lambda x: sb.shares_memory(x, np.zeros(1)),
    "from_tensor_slices": sb.Dataset.from_tensor_slices,
}


class Exporter:
    """What has a tensor's ``__dlpack__``, and its bits."""

    def __init__(self, values, **facts):
        self.values = values
        for name, fact in facts.items():
            setattr(self, name, fact)

    def __dlpack__(self, **options):
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()

    def __array__(self, *_, **__):
        raise RuntimeError("resolve the bit first")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("state", SAY)
@pytest.mark.parametrize("as_method", [True, False])
def test_what_its_bytes_do_not_tell_is_refused(state, call, as_method):
    set_, unset = ((lambda: True), (lambda: False)) if as_method else (True, False)
    values = np.arange(3.0)
    with pytest.raises(sb.NotABuffer, match=rf"Exporter does not lend its memory: .*{SAY[state]}"):
        CALLS[call](Exporter(values, **{state: set_}))
    found = sb.as_array(Exporter(values, **dict.fromkeys(SAY, unset)))
    assert np.shares_memory(found, values)


def test_as_tensor_and_aligned_refuse_it_too():
    exporter = Exporter(np.arange(3.0), is_neg=lambda: True)
    with pytest.raises(sb.NotABuffer, match="resolve_neg"):
        sb.aligned(exporter)
    pytest.importorskip("tensorflow")
    with pytest.raises(sb.NotABuffer, match="resolve_neg"):
        sb.as_tensor(exporter)


def test_no_address_is_no_memory():
    with pytest.raises(sb.NotABuffer, match="no memory behind it"):
        sb.as_array(Exporter(np.arange(3.0), data_ptr=lambda: 0))
    assert sb.as_array(Exporter(np.zeros(0), data_ptr=lambda: 0)).shape == (0,)


def test_a_question_that_fails_is_quoted():
    def fail():
        raise RuntimeError("no rule for is_neg")

    with pytest.raises(sb.NotABuffer, match="no rule for is_neg"):
        sb.as_array(Exporter(np.arange(3.0), is_neg=fail))


def test_another_layout_is_named():
    with pytest.raises(sb.NotABuffer, match=r"layout is torch\.sparse_csr.* x\.to_dense\(\)"):
        sb.as_array(Exporter(np.arange(3.0), layout="torch.sparse_csr"))


class Elsewhere(Exporter):
    def __dlpack_device__(self):
        return (2, 1)


def test_another_device_is_left_by_the_way_it_has():
    with pytest.raises(sb.NotABuffer, match=r"device 2:1, .* Copy it: x\.cpu\(\)"):
        sb.as_array(Elsewhere(np.arange(3.0), cpu=lambda: None))
    with pytest.raises(sb.NotABuffer, match=r"device 2:1, .* np\.array\(x\)"):
        sb.as_array(Elsewhere(np.arange(3.0)))
