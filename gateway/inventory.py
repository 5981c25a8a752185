"""What a hub holds, as data: each table, column, field and file, what it is to the person, and how long it stays. Pure.

The words are in the catalogue; `missing` names what nobody has described yet.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from gateway.catalogue import Language, all_texts, say

# What a thing is to the person followed: health data; a name that only others can tie to a person; what was done by
# which role; nothing.
Category = Literal["health", "pseudonym", "record", "technical"]

Schema = Mapping[str, Sequence[str]]


class Table(NamedTuple):
    """A table: what it is, which of its columns are sealed, and whether a wipe erases it."""

    category: Category
    sealed: tuple[str, ...] = ()
    wiped: bool = False


TABLES: Mapping[str, Table] = {
    "outbox": Table("health", ("payload", "frames"), wiped=True),
    "held": Table("health", ("payload", "frames"), wiped=True),
    "aside": Table("health", ("payload", "frames"), wiped=True),
    "frame": Table("health", ("data",), wiped=True),
    "reading": Table("pseudonym", wiped=True),
    "gone": Table("pseudonym", wiped=True),
    "undated": Table("pseudonym", wiped=True),
    "assignment": Table("pseudonym", wiped=True),
    "span": Table("pseudonym", wiped=True),
    "assignment_history": Table("pseudonym", wiped=True),
    "tenure": Table("pseudonym", wiped=True),
    "visit": Table("pseudonym", wiped=True),
    "audit": Table("record"),
    "deviation": Table("record"),
    "deviation_count": Table("record"),
    "deviation_closing": Table("record"),
    "certificate": Table("record"),
    "act": Table("record"),
    "event": Table("record"),
    "equipment": Table("technical"),
    "device": Table("technical"),
    "void": Table("technical"),
    "fact": Table("technical"),
}
# Parts of a reading's message, as it is sealed in the tables above and sent to the backend.
FIELDS: Mapping[str, Category] = {
    "id": "pseudonym",
    "hub": "technical",
    "epoch": "technical",
    "seq": "technical",
    "boot": "technical",
    "assignment": "pseudonym",
    "device": "technical",
    "measured_at": "health",
    "time": "health",
    "received_at": "health",
    "origin": "technical",
    "acquisition": "technical",
    "values": "health",
    "quality": "health",
    "attribution": "pseudonym",
    "simulated": "technical",
    "schema": "technical",
}
_HEADS = ("table", "what", "category", "sealed", "kept", "wiped")
# Beside the database.
FILES = ("store.key", "id.key", "sign.key", "epochs", "lock", "quarantine", "configuration", "log")


def missing(schema: Schema, fields: Sequence[str]) -> list[str]:
    """Tables, columns and fields that are there and not described, or described and not there."""
    keys = [*_keys(schema), *(f"field-{name}" for name in fields)]
    return sorted(
        {
            *(f"table {name}" for name in TABLES.keys() ^ schema.keys()),
            *(f"field {name}" for name in FIELDS.keys() ^ set(fields)),
            *(f"text {key}" for key in keys if key not in all_texts()),
            *(f"column {name}.{c}" for name, table in TABLES.items() for c in table.sealed if c not in schema[name]),
        }
    )


def _keys(schema: Schema) -> Iterator[str]:
    for table, columns in schema.items():
        yield from (f"table-{table}", f"kept-{table}", *(f"column-{column}" for column in columns))
    for name in FILES:
        yield from (f"file-{name}", f"kept-{name}")


def render(schema: Schema, fields: Sequence[str]) -> str:
    """The data inventory in both languages (Markdown); ValueError for what nobody has described."""
    lacking = missing(schema, fields)
    if lacking:
        raise ValueError(f"not in the data inventory: {', '.join(lacking)}")
    return "\n".join([*_page(schema, "nb"), *_page(schema, "en")])


def _page(schema: Schema, language: Language) -> Iterator[str]:
    def tell(key: str) -> str:
        return say(key, language)

    yield f"# {tell('inventory-title')}\n\n{tell('inventory-head')}\n"
    yield f"## {tell('inventory-tables')}\n"
    yield f"| {' | '.join(tell(f'inventory-{word}') for word in _HEADS)} |"
    yield "|---|---|---|---|---|---|"
    for name, table in TABLES.items():
        sealed = ", ".join(f"`{column}`" for column in table.sealed) or "-"
        wiped = tell("inventory-yes" if table.wiped else "inventory-no")
        what, kept = tell(f"table-{name}"), tell(f"kept-{name}")
        yield f"| `{name}` | {what} | {tell(f'category-{table.category}')} | {sealed} | {kept} | {wiped} |"
    yield f"\n## {tell('inventory-columns')}\n"
    for name in TABLES:
        yield f"- `{name}`: " + "; ".join(f"`{column}` {tell(f'column-{column}')}" for column in schema[name])
    yield f"\n## {tell('inventory-fields')}\n"
    for name, category in FIELDS.items():
        yield f"- `{name}`: {tell(f'field-{name}')} ({tell(f'category-{category}')})"
    yield f"\n## {tell('inventory-files')}\n"
    for name in FILES:
        yield f"- `{name}`: {tell(f'file-{name}')} {tell(f'kept-{name}')}"
    yield f"\n## {tell('inventory-who')}\n\n{tell('inventory-who-text')}\n"
