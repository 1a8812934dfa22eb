"""No deadlines: the first example of each pair of dtypes waits for the compiler."""

from hypothesis import settings

settings.register_profile("compiling", deadline=None)
settings.load_profile("compiling")
