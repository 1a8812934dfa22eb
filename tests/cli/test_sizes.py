import pytest

from samebytes.cli.sizes import parse_shape, parse_size


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [("1", 1), ("8MB", 8_000_000), ("8 mb", 8_000_000), ("0.5GiB", 1 << 29), ("2 kB", 2000)],
)
def test_reads_sizes(text, nbytes):
    assert parse_size(text) == nbytes


@pytest.mark.parametrize("text", ["", "GB", "4 gigs", "-4GB", "4GB!", "0", "1e9"])
def test_refuses_what_is_no_size(text):
    with pytest.raises(ValueError, match="such as 4GB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "a", "2,,3", "2,-2", "-1,-1", "(2,3)"])
def test_refuses_what_is_no_shape(text):
    with pytest.raises(ValueError, match="is not a shape"):
        parse_shape(text)
