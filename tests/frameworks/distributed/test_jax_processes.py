"""JAX's processes: their losses are those of one."""

from __future__ import annotations

from tests.ranks import EXAMPLES, finish, free_ports, furthest, losses_in, start

EXAMPLE = EXAMPLES / "train_jax_processes.py"


def test_two_have_the_losses_of_one(tmp_path):
    (port,) = free_ports(1)
    address = f"localhost:{port}"
    processes = [
        start([EXAMPLE, address, 2, index], tmp_path, f"rank-{index}") for index in range(2)
    ]
    processes.append(start(["-W", "error", EXAMPLE], tmp_path, "alone"))
    ended = finish(processes)
    printed = {path.stem: path.read_text() for path in tmp_path.glob("*.txt")}
    assert ended == [0, 0, 0], printed
    assert "process   1 of 2 (jax.distributed); samples 32 to 63 of each 64" in printed["rank-1"]
    expected = losses_in(printed["alone"])
    assert len(expected) == 3
    for index in range(2):
        assert furthest(losses_in(printed[f"rank-{index}"]), expected) < 1e-5
