"""What the commands that change something share: their options, the way to the store, and what they print.

A command beside a running daemon asks it; without one it does the act itself. Both need the rights of the store's
owner.
"""

import argparse
import asyncio
import json
import os
import pwd
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway import cli
from gateway.acts.api import ROLES, Context, Result
from gateway.acts.asking import Asked, Way, ask
from gateway.acts.listing import listed
from gateway.acts.records import Records
from gateway.acts.table import ACTS
from gateway.catalogue import Language, say
from gateway.cli.configuration import Configuration, print_faults, read_configuration
from gateway.env import Env, real_env
from gateway.errors import ConfigurationError, GatewayError, RefusedError
from gateway.store import Store
from gateway.store.opening import open_store

# Says in words what an act gave; `say` with the language set already.
Words = Callable[[Result, Callable[..., str]], list[str]]

_UNAVAILABLE = {"act-no-answer", "act-goes-on", "act-other-version", "act-clock-unknown"}


def add_options(parser: argparse.ArgumentParser, *, config_needed: bool = True) -> None:
    """Options of every such command."""
    add_asking(parser, config_needed=config_needed)
    parser.add_argument("--lang", choices=("en", "nb"), default="en", help="language of the sentences")
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_asking(parser: argparse.ArgumentParser, *, config_needed: bool = True) -> None:
    """Those that say how it is asked for, without how the answer is printed."""
    parser.add_argument("--config", required=config_needed, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--role", choices=ROLES, help="in which role this is asked for; default: the usual one")
    parser.add_argument("--act-id", metavar="ID", help="asked for again under the same id, it is done once")


def add_at(parser: argparse.ArgumentParser) -> None:
    """What time it is, for an act that must know."""
    parser.add_argument("--at", metavar="INSTANT", help="what time it is, for a hub that does not know")


def act(arguments: argparse.Namespace, name: str, params: Mapping[str, object], words: Words) -> int:
    """Asks for an act and prints what came of it; gives the exit code. Parameters that are None are left out."""
    code, result = done(arguments, name, params)
    if result is not None:
        _print(result, words, arguments)
    return code


def done(arguments: argparse.Namespace, name: str, params: Mapping[str, object]) -> tuple[int, Result | None]:
    """Asks for an act; gives the exit code and what came of it. None: it was refused, and why is printed."""
    try:
        configuration = read_configuration(arguments.config)
        given = {key: value for key, value in params.items() if value is not None}
        asked = _asked(arguments, name, given)
        env = real_env()
        row = asyncio.run(ask(asked, _way(configuration, env, arguments), env))
    except ConfigurationError as error:
        print_faults(error, arguments.lang, as_json=arguments.json)
        return cli.CONFIG, None
    except GatewayError as error:
        return _refused(error.reason, error.detail, arguments), None
    if row.state != "done":
        return _refused(str(row.result.get("error")), str(row.result.get("detail", "")), arguments), None
    result = dict(row.result)
    return cli.OK if result.get("ok", True) else cli.NO, result


def _asked(arguments: argparse.Namespace, name: str, params: Mapping[str, object]) -> Asked:
    act_id = arguments.act_id or real_env().new_id()
    return Asked(act_id, name, params, arguments.role or ACTS[name].roles[0])


def _way(configuration: Configuration, env: Env, arguments: argparse.Namespace) -> Way:
    settings = configuration.settings
    directory = Path(settings.store.path)
    _become_owner(directory)

    def context(store: Store) -> Context:
        records = Records(store, env)
        return Context(
            store=store,
            env=env,
            hub=settings.hub.id,
            zone=ZoneInfo(settings.hub.timezone),
            devices=listed(settings, configuration.drivers, store.id_key),
            audit=records.audit,
            deviate=records.deviate,
        )

    def waiting(seconds: float) -> None:
        if not arguments.json:
            print(say("act-waiting", arguments.lang, {"seconds": round(seconds)}), file=sys.stderr)

    def opened() -> Store:
        return open_store(settings.store, os.environ.get("CREDENTIALS_DIRECTORY"))

    return Way(directory=directory, open=opened, context=context, acts=ACTS, waiting=waiting)


def _become_owner(directory: Path) -> None:
    """The files of the store must stay its owner's, whoever asks: root becomes the owner, others are refused."""
    try:
        owner = directory.stat()
    except FileNotFoundError:
        return
    if owner.st_uid == os.geteuid():
        return
    if os.geteuid() != 0:
        raise RefusedError("act-other-user", _user(owner.st_uid))
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _refused(reason: str, detail: str, arguments: argparse.Namespace) -> int:
    text = say(reason, arguments.lang, {"detail": detail})
    if arguments.json:
        print(json.dumps({"ok": False, "error": reason, "detail": detail, "text": text}, ensure_ascii=False))
    else:
        print(text, file=sys.stderr)
    if reason.startswith("store-") or reason == "act-other-user":
        return cli.STORE
    return cli.UNAVAILABLE if reason in _UNAVAILABLE else cli.DATA


def _print(result: Result, words: Words, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps({"ok": True, **result}, ensure_ascii=False))
        return
    language: Language = arguments.lang

    def tell(key: str, **params: object) -> str:
        return say(key, language, params)

    for line in words(result, tell):
        print(line)
