"""`dho-gateway wipe`: the person's readings leave this hub, and a signed certificate says so."""

import argparse
import json
from pathlib import Path
from typing import Any, cast

from gateway import cli
from gateway.acts.api import Result
from gateway.acts.wipe import BONDS
from gateway.catalogue import say
from gateway.certificate import PUBLIC_KEY, SIGNATURE, fingerprint, parse, signed_bytes
from gateway.cli import acting, reading
from gateway.cli.configuration import Configuration
from gateway.cli.words import Tell, when
from gateway.store.beside import records_beside
from gateway.store.signing import is_signed

EXAMPLES = """examples:
  dho-gateway assignment end --config gateway.toml && dho-gateway wipe --config gateway.toml
  dho-gateway wipe --config gateway.toml --force --reason "backend taken down for good"
  dho-gateway wipe --config gateway.toml --bonds remove --lang nb
  dho-gateway wipe show --config gateway.toml > certificate.json
  dho-gateway wipe verify certificate.json --key 5f0c...

A wipe destroys the key that sealed what was measured, deletes readings, frames, ids, assignments and visits, and writes
the database anew. It refuses while an assignment is open, or while readings are unconfirmed: with --force and a reason
they are given up, the receiver is told, and it is a deviation. Devices keep what they remember: it is held back as the
earlier person's, and before there is an assignment again all that comes from a memory is. What a power cut interrupts
is ended at the next start, or by the next wipe. `verify` needs no hub; --key is the fingerprint that the hub tells in
`about`. Ends with 1 if the certificate is not genuine, with 65 if the wipe is refused."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options; without an action, it wipes."""
    parser.add_argument("action", nargs="?", choices=("show", "verify"), help="instead of wiping")
    parser.add_argument("which", nargs="?", metavar="CERTIFICATE", help="verify: file; show: number, default the last")
    parser.add_argument("--force", action="store_true", help="give up readings that nobody has confirmed")
    parser.add_argument("--reason", metavar="TEXT", help="why; no names")
    parser.add_argument("--bonds", choices=BONDS, default=BONDS[0], help="pairings stay, or are listed to be removed")
    parser.add_argument("--key", metavar="FINGERPRINT", help="verify: of the hub's signing key, as told in `about`")
    acting.add_options(parser, config_needed=False)


def run(arguments: argparse.Namespace) -> int:
    """Wipes, shows or checks."""
    if arguments.action == "verify" and arguments.which:
        return _verify(arguments)
    if arguments.config is None or arguments.action == "verify":
        print(say("wipe-usage", arguments.lang))
        return cli.USAGE
    if arguments.action == "show":
        return reading.looked(arguments, lambda found: _show(arguments, found))
    params = {"force": arguments.force or None, "reason": arguments.reason, "bonds": arguments.bonds}
    return acting.act(arguments, "wipe", params, _words)


def _words(result: Result, tell: Tell) -> list[str]:
    document, unpair = cast("dict[str, Any]", result["certificate"]), cast("list[str]", result["unpair"])
    lines = [_line(document, result["number"], tell)]
    return [*lines, tell("wipe-unpair", devices=", ".join(unpair))] if unpair else lines


def _line(document: dict[str, Any], number: object, tell: Tell) -> str:
    at = when(document["at"], tell) if document["at"] else tell("deviation-time-unknown")
    counts = document["counts"]
    lost = tell("wipe-given-up", count=counts["unconfirmed"]) if document["forced"] else ""
    return tell("wipe-done", number=number, at=at, ids=counts["ids"], held=counts["held"], lost=lost).strip()


def _show(arguments: argparse.Namespace, configuration: Configuration) -> int:
    with records_beside(Path(configuration.settings.store.path)) as store:
        found = [document for number, document in store.certificates.all() if arguments.which in (None, str(number))]
    if not found:
        print(json.dumps({"ok": False, "error": "wipe-none"}) if arguments.json else say("wipe-none", arguments.lang))
        return cli.NO
    print(json.dumps(found[-1], ensure_ascii=False, indent=None if arguments.json else 2))
    return cli.OK


def _verify(arguments: argparse.Namespace) -> int:
    try:
        document = parse(Path(arguments.which).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return _judged(arguments, "wipe-no-certificate", {"detail": getattr(error, "strerror", None) or str(error)})
    key = fingerprint(document[PUBLIC_KEY])
    if not is_signed(document[PUBLIC_KEY], document[SIGNATURE], signed_bytes(document)):
        return _judged(arguments, "wipe-not-signed", {"key": key})
    if arguments.key is not None and arguments.key != key:
        return _judged(arguments, "wipe-other-key", {"key": key})
    return _judged(arguments, "wipe-genuine", {"key": key, "hub": str(document.get("hub"))})


def _judged(arguments: argparse.Namespace, verdict: str, params: dict[str, str]) -> int:
    genuine = verdict == "wipe-genuine"
    text = say(verdict, arguments.lang, params)
    found = {"ok": genuine, "verdict": verdict, "text": text, **params}
    print(json.dumps(found, ensure_ascii=False) if arguments.json else text)
    return cli.OK if genuine else cli.NO
