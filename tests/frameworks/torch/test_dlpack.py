"""What a tensor of PyTorch is besides its bytes is asked: right values, or a sentence."""

from __future__ import annotations

import pytest
import torch

import samebytes as sb
from tests.share.test_dlpack import CALLS, SAY

MAKE = {
    "is_neg": lambda t: t._neg_view(t.tensor([1.0, 2.0])),
    "is_conj": lambda t: t.tensor([1 + 2j, 3 - 4j]).conj(),
    "requires_grad": lambda t: t.ones(3, requires_grad=True),
    "is_meta": lambda t: t.ones(3, device="meta"),
    "is_nested": lambda t: t.nested.nested_tensor([t.ones(3), t.ones(2)]),
    "is_quantized": lambda t: t.quantize_per_tensor(t.ones(3), 0.1, 3, t.quint8),
    "is_mkldnn": lambda t: t.ones(3).to_mkldnn(),
    "_is_zerotensor": lambda t: t._efficientzerotensor((3,)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("state", SAY)
def test_every_state_is_refused_by_every_door(state, call):
    with pytest.raises(sb.NotABuffer, match=SAY[state]):
        CALLS[call](MAKE[state](torch))


def test_the_imaginary_part_of_a_conjugate():
    part = torch.tensor([1 + 2j, 3 - 4j]).conj().imag
    with pytest.raises(sb.NotABuffer, match="resolve_neg"):
        sb.as_array(part)
    assert sb.as_array(part.resolve_neg()).tolist() == [-2, 4]


def test_the_ways_out_lead_out():
    conjugate = torch.tensor([1 + 2j, 3 - 4j]).conj()
    assert sb.as_array(conjugate.resolve_conj()).tolist() == [1 - 2j, 3 + 4j]
    assert sb.as_array(torch.ones(3, requires_grad=True).detach()).tolist() == [1, 1, 1]
    assert sb.as_array(torch.eye(2).to_sparse().to_dense()).tolist() == [[1, 0], [0, 1]]
    assert sb.as_array(torch._efficientzerotensor((3,)).clone()).tolist() == [0, 0, 0]
