"""Arrays whose bytes lie where no memory shows them: in chunks of a file, or behind a URL."""

from samebytes.memory.lazy.address_space import AddressSpace
from samebytes.memory.lazy.lazy_array import LazyArray
from samebytes.memory.lazy.sources import ByteSource, ChunkSource, Source, decoded

__all__ = ["AddressSpace", "ByteSource", "ChunkSource", "LazyArray", "Source", "decoded"]
