import numpy as np
import pytest
from typer.testing import CliRunner

from samebytes.cli.commands import app
from samebytes.plan.permutation import permute
from samebytes.shuffling.sizes import least_memory


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(3000 * 128, dtype="int32").reshape(3000, 128))
    return path


def shuffled(*arguments):
    return CliRunner().invoke(app, ["shuffle", *map(str, arguments)])


def test_writes_a_file_in_random_order(samebytes_forked, rows, tmp_path):
    done = samebytes_forked(
        "shuffle", rows, tmp_path / "out.npy", "--seed", "5", "--memory", "1.2MB"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"wrote {tmp_path / 'out.npy'}: 3,000 rows, 1.5 MB, seed 5\n"
    order = permute(np.arange(3000), 3000, 5, 0)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), np.load(rows)[order])
    again = samebytes_forked("shuffle", rows, tmp_path / "out.npy")
    assert again.returncode == 1
    assert "out.npy is there already: give another path, or pass overwrite=True" in again.stderr
    assert samebytes_forked("shuffle", rows, tmp_path / "out.npy", "--overwrite").returncode == 0


def test_says_that_it_goes_on(run_with_tensorflow, rows, tmp_path):
    memory = least_memory(512) + 150_000
    interrupted = "tests.shuffling.interrupted"
    run_with_tensorflow(interrupted, rows, tmp_path / "out.npy", memory, 12)
    done = shuffled(rows, tmp_path / "out.npy", "--seed", 5, "--memory", memory)
    assert done.exit_code == 0
    assert "goes on where it was interrupted, at 2" in done.output
    run_with_tensorflow(interrupted, rows, tmp_path / "two.npy", memory, 12)
    done = shuffled(rows, tmp_path / "two.npy", "--seed", 6, "--memory", memory)
    assert "an interrupted copy is there, and begins anew: it has the seed 5, not 6" in done.output


def test_reads_raw_values(tmp_path):
    np.arange(1000, dtype="uint16").tofile(tmp_path / "raw.bin")
    raw = ["--dtype", "uint16", "--shape", "-1,5", "--offset", "1000"]
    done = shuffled(tmp_path / "raw.bin", tmp_path / "out.npy", *raw)
    assert done.exit_code == 0
    assert np.load(tmp_path / "out.npy").shape == (100, 5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--memory", "1kB"], "expected"),
        (["--memory", "much"], "is not a size"),
        (["--shape", "2,3"], "header gives the shape"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_refuses_what_makes_no_sense(rows, tmp_path, arguments, said):
    done = shuffled(rows, tmp_path / "out.npy", *arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
    assert [path.name for path in tmp_path.iterdir()] == ["rows.npy"]


def test_refuses_several_arrays_by_name(samebytes_forked, tmp_path):
    np.savez(tmp_path / "two.npz", x=np.zeros(3), y=np.zeros(3))
    done = shuffled(tmp_path / "two.npz", tmp_path / "out.npy")
    assert done.exit_code == 2
    assert "holds several arrays ('x', 'y')" in " ".join(done.output.replace("│", " ").split())
