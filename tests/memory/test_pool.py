import gc
import sys
from threading import Thread

import numpy as np
import pytest

from samebytes.memory.aligned import PAGE_BYTES, address_of
from samebytes.memory.pool import SPARE, Pool


def test_a_block_is_page_aligned_and_large_enough():
    for nbytes in (0, 1, PAGE_BYTES, PAGE_BYTES + 1):
        block = Pool(nbytes, 4).take()
        assert address_of(block) % PAGE_BYTES == 0
        assert block.nbytes >= max(nbytes, 1)
        assert block.flags.writeable


def test_a_block_comes_back_and_is_used_again():
    pool = Pool(100, 4)
    block = pool.take()
    address = address_of(block)
    del block
    assert pool.stats().free == 1
    assert address_of(pool.take()) == address
    assert pool.stats().reused == 1


ALIASES = {
    "a view": lambda block: block[5:6],
    "a view of a view": lambda block: block.view(np.int32)[1:].reshape(-1, 1)[::2],
    "a memoryview": memoryview,
    "a memoryview of a view": lambda block: memoryview(block[3:]),
    "an array on its memory": lambda block: np.ndarray((4, 4), np.float32, buffer=block),
    "from another library, by DLPack": np.from_dlpack,
    "what a frame holds": lambda block: iter(block),
}


@pytest.mark.parametrize("name", ALIASES)
def test_not_before_the_last_alias_has_died(name):
    pool = Pool(4096, 4)
    block = pool.take()
    address = address_of(block)
    alias = ALIASES[name](block)
    del block
    gc.collect()
    assert pool.stats().free == 0
    assert address_of(pool.take()) != address
    before = pool.stats().free
    del alias
    gc.collect()
    assert pool.stats().free == before + 1


def test_a_burst_of_kept_blocks_leaves_nothing_behind():
    pool = Pool(100, 4)
    kept = [pool.take() for _ in range(50)]
    assert pool.stats().blocks == 50
    assert len({address_of(block) for block in kept}) == 50
    kept.clear()
    assert pool.stats().blocks == pool.stats().free == 4
    assert pool.stats().nbytes == 4 * PAGE_BYTES


def test_who_always_holds_more_than_expected_still_gets_used_blocks():
    pool = Pool(100, 2)
    held = [pool.take() for _ in range(10)]
    before = pool.stats().reused
    for _ in range(30):
        held.pop(0)
        held.append(pool.take())
    assert pool.stats().reused - before == 30
    assert pool.stats().blocks <= 10 + SPARE


def test_from_many_threads_no_block_is_given_twice():
    pool = Pool(64, 8)
    wrong = []

    def work(name):
        for turn in range(500):
            block = pool.take()
            block[:] = name
            part = block[turn % 7 :]
            del block
            if not (part == name).all():
                wrong.append(name)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [Thread(target=work, args=(k,)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    assert pool.stats().blocks == pool.stats().free <= 8


def test_in_a_cycle_it_comes_back_when_the_cycle_is_collected():
    pool = Pool(64, 8)
    cycle = [pool.take()]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert pool.stats().free == 1
