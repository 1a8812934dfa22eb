"""Arrays behind URLs, on the web and in object storage: fetched by ranges, and kept on disk."""

from samebytes.memory.remote.opening import open_url
from samebytes.memory.remote.stores import store_of

__all__ = ["open_url", "store_of"]
