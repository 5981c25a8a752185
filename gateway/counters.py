"""Named counts of what happened, for health."""


class Counters:
    """Counts by name; a name appears with its first count."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, name: str, amount: int = 1) -> int:
        """Counts `amount` more; gives the count so far."""
        self._counts[name] = self._counts.get(name, 0) + amount
        return self._counts[name]

    def __getitem__(self, name: str) -> int:
        return self._counts.get(name, 0)

    def as_dict(self) -> dict[str, int]:
        """All counts, by name, in order."""
        return dict(sorted(self._counts.items()))
