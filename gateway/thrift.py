"""Memory that glibc's allocator holds and nobody uses is given back. On another C library nothing is done."""

import ctypes

# mallopt(3): an arena of its own for each thread would cost more than waiting for the lock does.
_M_ARENA_MAX = -8
_libc = ctypes.CDLL(None)


def begin() -> None:
    """Before the first thread."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """What is free now. Takes a millisecond or two."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
