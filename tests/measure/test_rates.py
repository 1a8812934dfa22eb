import time

from samebytes.measure.rates import ROUNDS, rates_in_turn


class Batches:
    """Two batches of five samples that take their time, and note each pass."""

    def __init__(self, name, passes, seconds):
        self.name, self.passes, self.seconds = name, passes, seconds

    def __iter__(self):
        self.passes.append(self.name)
        for _ in range(2):
            time.sleep(self.seconds)
            yield range(5), range(5)


def test_takes_turns_and_tells_the_faster():
    passes = []
    fast, slow = rates_in_turn(Batches("fast", passes, 0.001), Batches("slow", passes, 0.05))
    assert passes == ["fast", "slow"] * (ROUNDS + 1)
    assert 0 < slow < fast
    assert slow <= 10 / 0.1
