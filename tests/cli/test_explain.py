import numpy as np
import pytest
from typer.testing import CliRunner

from samebytes.cli.commands import app


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.zeros((40, 8, 6), np.float32))
    return path


def explained(*arguments):
    """Run inside this process, with NumPy as target: TensorFlow stays unimported."""
    return CliRunner().invoke(app, ["explain", *map(str, arguments), "--to", "numpy"])


def test_tells_that_a_file_is_shared_with_tensorflow(samebytes, images):
    done = samebytes("explain", images)
    assert (done.returncode, done.stderr) == (0, "")
    assert "float32 (40, 8, 6)" in done.stdout
    assert "strides (192, 24, 4)" in done.stdout
    assert "shared, no byte is copied" in done.stdout


def test_tells_why_a_slice_is_copied(samebytes_forked, images):
    done = samebytes_forked("explain", images, "--slice", "10:20, :, ::2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "(10, 8, 3)" in done.stdout
    assert "strides:" in done.stdout
    assert "instead: x = sb.aligned(x)" in done.stdout


@pytest.mark.parametrize(
    ("text", "shape"),
    [("3", "(8, 6)"), ("3, 3, 3", "()"), ("..., 0", "(40, 8)"), ("None, ::-1", "(1, 40, 8, 6)")],
)
def test_slices_as_numpy_does(images, text, shape):
    done = explained(images, "--slice", text)
    assert done.exit_code == 0
    assert f"float32 {shape}, strides" in done.stdout


def test_tells_of_each_member(tmp_path):
    path = tmp_path / "both.npz"
    np.savez(path, images=np.zeros((2, 3)), labels=np.arange(2))
    done = explained(path)
    assert done.exit_code == 0
    assert f"{path}, images" in done.stdout
    assert f"{path}, labels" in done.stdout


def test_tells_of_the_one_that_is_named(tmp_path):
    path = tmp_path / "both.npz"
    np.savez(path, images=np.zeros((2, 3)), labels=np.arange(2))
    done = explained(path, "--key", "labels")
    assert done.exit_code == 0
    assert "int64 (2,)" in done.stdout
    assert "images" not in done.stdout
    assert "has nothing named 'x': expected key= to be one of" in str(
        explained(path, "--key", "x").exception
    )


def test_tells_of_each_file_that_a_pattern_matches(tmp_path):
    for number in (2, 10):
        np.save(tmp_path / f"part-{number}.npy", np.zeros((number, 3), np.float32))
    done = explained(tmp_path / "part-*.npy")
    assert done.exit_code == 0
    first, second = done.stdout.split("part-*.npy, part ")[1:]
    assert (first[0], second[0]) == ("0", "1")
    assert "float32 (2, 3)" in first
    assert "float32 (10, 3)" in second


def test_reads_raw_values(tmp_path):
    path = tmp_path / "raw.bin"
    path.write_bytes(bytes(16))
    done = explained(path, "--dtype", "uint16", "--shape", "2,-1", "--offset", "4")
    assert done.exit_code == 0
    assert "uint16 (2, 3)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--slice", "a"], "not part of a slice"),
        (["--slice", "99"], "out of bounds"),
        (["--slice", "0,0,0,0"], "too many indices"),
        (["--shape", "2,3"], "header gives the shape"),
        (["--shape", "two"], "is not a shape"),
        (["--dtype", "float31"], "float31"),
    ],
)
def test_refuses_what_makes_no_sense(images, arguments, said):
    done = explained(images, *arguments)
    assert done.exit_code == 2
    # The message stands in a box, its lines broken where the box ends.
    assert said in " ".join(done.output.replace("│", " ").split())


def test_refuses_an_unknown_target(images):
    done = CliRunner().invoke(app, ["explain", str(images), "--to", "mxnet"])
    assert done.exit_code == 2


def test_what_lies_in_chunks_is_in_no_memory(tmp_path):
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("chunked", data=np.zeros((40, 8), np.float32), chunks=(5, 8))
        file["plain"] = np.zeros(16)
    for more in ([], ["--slice", "3"]):
        done = explained(tmp_path / "a.h5", *more)
        assert done.exit_code == 0
        assert "a.h5, chunked\n  float32 (40, 8), stored in chunks of (5, 8)\n" in done.stdout
        assert (
            "  in no memory, so what is read is copied: a Dataset reads what batches need\n"
            in done.stdout
        )
        assert "a.h5, plain\n" in done.stdout
