import pytest

from benchmarks.promises.figures import Figure, in_turn, print_figures


@pytest.mark.parametrize(
    ("value", "at_least", "reached"),
    [
        (2.0, True, True),
        (1.0, True, True),
        (0.5, True, False),
        (0.5, False, True),
        (2, False, False),
    ],
)
def test_a_figure_is_held_against_its_bound(value, at_least, reached):
    figure = Figure("what", value, 1.0, at_least=at_least)
    assert figure.reached is reached
    assert ("MISSED" in str(figure)) is not reached
    assert ("≥ 1" in str(figure)) is at_least


def test_one_that_was_missed_is_enough(capsys):
    kept, missed = Figure("kept", 1, 2), Figure("missed", 3, 2)
    assert print_figures("Both", [kept]) is True
    assert print_figures("Both", [kept, missed]) is False
    assert capsys.readouterr().out.splitlines()[-1] == str(missed)


def test_takes_turns_and_checks_every_result():
    calls = []
    first, second = (lambda: calls.append("a"), bool), (lambda: calls.append("b"), bool)
    with pytest.raises(AssertionError):
        in_turn(1, first)
    never = lambda result: result is None  # noqa: E731
    calls.clear()
    runs = in_turn(2, (first[0], never), (second[0], never))
    assert calls == ["a", "b", "a", "b"]
    assert all(run.seconds >= 0 for run in runs)
