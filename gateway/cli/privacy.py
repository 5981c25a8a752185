"""`dho-gateway privacy`: what is on this hub, where, and for how long; `export` alone opens and shows values."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from gateway import cli
from gateway.catalogue import say
from gateway.cli import acting
from gateway.cli.configuration import Configuration
from gateway.cli.reading import add_options, looked
from gateway.inventory import TABLES
from gateway.settings import Settings
from gateway.store.contents import Contents, contents
from gateway.store.exporting import export
from gateway.store.opening import outer_of

EXAMPLES = """examples:
  dho-gateway privacy show --config /etc/dho-gateway/gateway.toml --lang nb
  dho-gateway privacy show --config gateway.toml --json
  dho-gateway privacy export --assignment asg-9f2c7b --config gateway.toml > asg-9f2c7b.json

Shows for each part of the store how much is in it, what it is to the person followed, whether it is sealed, since when
the oldest lies there, and when it goes. What each column means, config/data-inventory.md says.
`export` prints as JSON, with values, all that the hub still holds of one assignment, held readings among it, for the
person who asks for it; the audit log says who did. What the backend has confirmed is there and no longer here. That it
was deleted, `dho-gateway wipe show` proves. Where the store's key is sealed, it needs the secret."""

Tell = Callable[..., str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add_options(actions.add_parser("show", help="show what is on this hub"))
    handed_out = actions.add_parser("export", help="print all that is here of one assignment, with values")
    handed_out.add_argument("--assignment", required=True, metavar="ID", help="the assignment's id")
    acting.add_options(handed_out)


def run(arguments: argparse.Namespace) -> int:
    """Shows it, or hands it out."""
    if arguments.action == "show":
        return looked(arguments, lambda found: _show(arguments, found))
    code, recorded = acting.done(arguments, "privacy.export", {"id": arguments.assignment})
    return code if recorded is None else looked(arguments, lambda found: _export(arguments, found))


def _export(arguments: argparse.Namespace, configuration: Configuration) -> int:
    settings = configuration.settings
    outer = outer_of(settings.store.key_file, os.environ.get("CREDENTIALS_DIRECTORY"))
    found = export(Path(settings.store.path), outer, arguments.assignment, settings.hub.id)
    print(json.dumps(found, ensure_ascii=False, indent=None if arguments.json else 2))
    return cli.OK


def _show(arguments: argparse.Namespace, configuration: Configuration) -> int:
    settings = configuration.settings
    found = contents(Path(settings.store.path))
    if arguments.json:
        print(json.dumps(_table(found, settings), ensure_ascii=False))
        return cli.OK

    def tell(key: str, **params: object) -> str:
        return say(key, arguments.lang, params)

    for line in _lines(found, settings, tell):
        print(line)
    return cli.OK


def _table(found: Contents, settings: Settings) -> dict[str, object]:
    tables = {
        name: {
            "rows": found.rows[name],
            "category": table.category,
            "sealed": list(table.sealed),
            "oldest": found.oldest.get(name),
            "kept": say(f"kept-{name}", "en"),
            "wiped": table.wiped,
        }
        for name, table in TABLES.items()
    }
    keys = {"outer": settings.store.key_file}
    return {"hub": settings.hub.id, "store": settings.store.path, "tables": tables, "files": found.files, "keys": keys}


def _lines(found: Contents, settings: Settings, tell: Tell) -> list[str]:
    lines = [_line(name, found, tell) for name in TABLES if found.rows[name]]
    empty = ", ".join(name for name in TABLES if not found.rows[name])
    if empty:
        lines.append(tell("privacy-empty", names=empty))
    files = ", ".join(f"{name} ({size} B)" for name, size in found.files.items())
    outer = settings.store.key_file
    where = tell("privacy-key-outer", key_file=outer) if outer else tell("privacy-key-bare")
    return [*lines, tell("privacy-files", names=files), tell("privacy-key", where=where)]


def _line(name: str, found: Contents, tell: Tell) -> str:
    table, oldest = TABLES[name], found.oldest.get(name)
    return tell(
        "privacy-table",
        name=name,
        rows=found.rows[name],
        category=tell(f"category-{table.category}"),
        sealed=tell("privacy-sealed") if table.sealed else "",
        what=tell(f"table-{name}"),
        kept=tell(f"kept-{name}"),
        oldest=tell("privacy-oldest", at=oldest) if oldest else "",
    )
