"""Small facts that outlive the daemon."""

from gateway.store.database import Medium, mapped, transaction

# How names of notes begin that tell what was taken over from a damaged database, while nobody has been told.
UNTOLD = "untold."


class Notes:
    """Texts by name."""

    def __init__(self, connection: Medium) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """The text; None for none."""
        with mapped():
            row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def all(self, prefix: str) -> dict[str, str]:
        """All whose name begins so."""
        query = "SELECT name, value FROM fact WHERE substr(name, 1, ?) = ? ORDER BY name"
        with mapped():
            return dict(self._connection.execute(query, (len(prefix), prefix)).fetchall())

    def put(self, name: str, value: str | None) -> None:
        """Sets the text, or forgets it (None); part of the caller's transaction."""
        if value is None:
            self._connection.execute("DELETE FROM fact WHERE name = ?", (name,))
        else:
            self._connection.execute(
                "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def write(self, name: str, value: str | None) -> None:
        """As `put`, durable on return."""
        with transaction(self._connection):
            self.put(name, value)
