"""How other frameworks are measured: in turn, checked, compared round by round."""

import pytest

from benchmarks.frameworks import rates as measuring


def test_ratios_are_of_neighbouring_rounds(monkeypatch):
    # The machine halves its pace after the first round; both notice alike.
    found = {"ours": [40.0, 20.0, 20.0], "theirs": [10.0, 5.0, 4.0]}
    figure = measuring.at_least(found, "times", "ours", "theirs", 4)
    assert (figure.value, figure.reached) == (4, True)
    assert not measuring.at_least(found, "times", "ours", "theirs", 5).reached


def test_a_wrong_batch_is_no_rate(monkeypatch, capsys):
    monkeypatch.setattr(measuring, "SECONDS", 0.001)
    monkeypatch.setattr(measuring, "ROUNDS", 2)

    def check(batch):
        assert batch == 7

    found = measuring.rates({"right": lambda: [7, 7]}, "batches", 1, check)
    assert [len(several) for several in found.values()] == [2]
    assert "right" in capsys.readouterr().out
    with pytest.raises(AssertionError):
        measuring.rates({"wrong": lambda: [8]}, "batches", 1, check)
