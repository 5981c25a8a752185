"""Sets of places in a sequence, kept as inclusive ranges. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Range = tuple[int, int]


class Ranges:
    """A set of whole numbers from 1 up, as sorted, disjoint, inclusive ranges that do not touch."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add(first, last)

    def __iter__(self) -> Iterator[Range]:
        return iter(zip(self._firsts, self._lasts, strict=True))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def through(self) -> int:
        """The largest n for which 1 to n are all there; 0 if 1 is not."""
        return self._lasts[0] if self._firsts and self._firsts[0] == 1 else 0

    @property
    def last(self) -> int:
        """The largest number; 0 if there is none."""
        return self._lasts[-1] if self._lasts else 0

    @property
    def count(self) -> int:
        """How many numbers."""
        return sum(last - first + 1 for first, last in self)

    def add(self, first: int, last: int) -> None:
        """Puts in `first` to `last`; ValueError unless 1 <= first <= last."""
        if not 1 <= first <= last:
            raise ValueError(f"no range: {first} to {last}")
        # Every range that overlaps or touches melts into the new one.
        low, high = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def beyond(self) -> list[Range]:
        """The ranges after `through`."""
        return list(self)[1 if self.through else 0 :]

    def gaps(self, upto: int) -> list[Range]:
        """The ranges between 1 and `upto` that are not there."""
        missing, next_one = [], 1
        for first, last in self:
            if first > upto:
                break
            if first > next_one:
                missing.append((next_one, first - 1))
            next_one = last + 1
        if next_one <= upto:
            missing.append((next_one, upto))
        return missing
