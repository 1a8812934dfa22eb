import itertools

from benchmarks.peers.memory_curve import MemoryCurve


def test_counts_from_the_beginning_and_leaves_the_pauses_out():
    curve = MemoryCurve()
    curve.begin(100)
    curve.add(0.5, 150)
    curve.pause(1.0)
    curve.add(0.25, 90)
    assert curve.points == ((0.5, 50), (1.25, 0))
    assert curve.peak == 50


def test_is_thinned_but_for_its_peak():
    curve = MemoryCurve()
    for number in range(10_000):
        curve.add(number / 10, 7_000 if number == 9_001 else number % 10)
    assert 80 < len(curve.points) <= 200
    assert curve.peak == 7_000
    seconds = [each for each, _ in curve.points]
    assert seconds[0] == 0
    assert seconds[-1] > 950
    steps = [after - before for before, after in itertools.pairwise(seconds)]
    assert max(steps) < 3 * min(steps)
