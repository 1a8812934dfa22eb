"""What the names that users know are tested with: the pictures of the feeds."""

from tests.feeds.conftest import *  # noqa: F403 (fixtures)
