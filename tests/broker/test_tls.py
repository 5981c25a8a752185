"""TLS towards a real mosquitto with its own authority: what is right connects, what is wrong is refused by name."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import GatewayError, RefusedError
from gateway.uplink import Tls, UplinkSettings
from tests.aio import run, until
from tests.broker.authority import Authority, Issued
from tests.broker.harness import HUB, settings, uplink
from tests.broker.mosquitto import Broker

pytestmark = pytest.mark.broker

MakeBroker = Callable[..., Broker]


def _tls_broker(make_broker: MakeBroker, authority: Authority, server: Issued, *, clients: bool = False) -> Broker:
    lines: tuple[str, ...] = (f"certfile {server.cert}", f"keyfile {server.key}")
    if clients:
        lines += (f"cafile {authority.ca_file}", "require_certificate true", "use_identity_as_username true")
    return make_broker(listener=lines)


def _settings(port: int, authority: Authority, client: Issued | None = None, **changes: Any) -> UplinkSettings:
    tls = Tls(
        ca_file=authority.ca_file, cert_file=client.cert if client else None, key_file=client.key if client else None
    )
    return settings(port, tls=tls, **changes)


def _refusal(chosen: UplinkSettings) -> GatewayError:
    """The error of the first attempt, which must not have connected."""

    async def main() -> GatewayError:
        async with uplink(chosen) as rig:
            error = await rig.ended()
            assert not rig.connects
            return error

    return run(main())


def _delivers(chosen: UplinkSettings) -> None:
    async def main() -> None:
        async with uplink(chosen) as rig:
            await rig.connected()
            await rig.uplink.publish(f"{HUB}/reading/weight", b"x" * 5000)

    run(main())


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_right_certificate_connects_by_name_and_by_address(
    make_broker: MakeBroker, authority: Authority, host: str, protocol: str
) -> None:
    broker = _tls_broker(make_broker, authority, authority.issue("server", host=host))
    _delivers(_settings(broker.port, authority, host=host, protocol=protocol))


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ({"host": "broker.example"}, "tls-wrong-host"),
        ({"host": "127.0.0.2"}, "tls-wrong-host"),
        ({"host": "127.0.0.1", "start_days": -20, "end_days": -1}, "tls-expired"),
        ({"host": "127.0.0.1", "start_days": 1, "end_days": 20}, "tls-not-yet-valid"),
    ],
)
def test_a_wrong_server_certificate_is_refused_by_name(
    make_broker: MakeBroker, authority: Authority, certificate: dict[str, Any], reason: str
) -> None:
    broker = _tls_broker(make_broker, authority, authority.issue("wrong", **certificate))
    error = _refusal(_settings(broker.port, authority))
    assert isinstance(error, RefusedError)
    assert error.reason == reason


def test_a_stranger_authority_is_refused(make_broker: MakeBroker, authority: Authority, stranger: Authority) -> None:
    """Whether the authority is the file's or the system's."""
    broker = _tls_broker(make_broker, authority, stranger.issue("server", host="127.0.0.1"))
    assert _refusal(_settings(broker.port, authority)).reason == "tls-unknown-authority"
    assert _refusal(settings(broker.port, tls=Tls())).reason == "tls-unknown-authority"


def test_a_client_certificate_opens_a_broker_that_requires_one(make_broker: MakeBroker, authority: Authority) -> None:
    server, client = authority.issue("server", host="127.0.0.1"), authority.issue("hub-0042")
    broker = _tls_broker(make_broker, authority, server, clients=True)
    _delivers(_settings(broker.port, authority, client))
    assert "u'hub-0042'" in broker.log


@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
def test_a_missing_client_certificate_is_named(make_broker: MakeBroker, authority: Authority, version: str) -> None:
    """With TLS 1.3 the broker says so only after the handshake."""
    server = authority.issue("server", host="127.0.0.1")
    lines = (
        f"certfile {server.cert}",
        f"keyfile {server.key}",
        f"cafile {authority.ca_file}",
        "require_certificate true",
    )
    broker = make_broker(listener=(*lines, f"tls_version {version}"))
    for _ in range(5):
        error = _refusal(_settings(broker.port, authority))
        assert isinstance(error, RefusedError)
        assert error.reason == "tls-client-certificate-required"


def test_a_client_certificate_of_a_stranger_or_out_of_date_is_refused_by_name(
    make_broker: MakeBroker, authority: Authority, stranger: Authority
) -> None:
    broker = _tls_broker(make_broker, authority, authority.issue("server", host="127.0.0.1"), clients=True)
    for client in (stranger.issue("hub-0042"), authority.issue("old", start_days=-20, end_days=-1)):
        assert _refusal(_settings(broker.port, authority, client)).reason == "tls-client-certificate-refused"


def test_tls_to_a_plain_broker_is_refused_and_nothing_is_sent_in_the_clear(
    make_broker: MakeBroker, authority: Authority
) -> None:
    broker = make_broker()
    error = _refusal(_settings(broker.port, authority))
    assert error.reason in ("tls-not-spoken", "tls-closed", "connection-lost")
    assert "New client connected" not in broker.log


def test_a_plain_client_of_a_tls_broker_is_told_that_it_was_hung_up_on(
    make_broker: MakeBroker, authority: Authority
) -> None:
    broker = _tls_broker(make_broker, authority, authority.issue("server", host="127.0.0.1"))
    assert _refusal(settings(broker.port)).reason in ("broker-closed", "mqtt-version")


def test_a_renewed_certificate_is_taken_up_without_a_restart(
    make_broker: MakeBroker, authority: Authority, tmp_path: Path
) -> None:
    """Files are read at each attempt."""
    broker = _tls_broker(make_broker, authority, authority.issue("server", host="127.0.0.1"), clients=True)
    old, new = authority.issue("old-one", start_days=-20, end_days=-1), authority.issue("new-one")
    cert, key = tmp_path / "hub.pem", tmp_path / "hub.key"

    def install(issued: Issued) -> None:
        for source, target in ((issued.cert, cert), (issued.key, key)):
            target.write_bytes(Path(source).read_bytes())
            target.chmod(0o600)

    async def main() -> None:
        install(old)
        async with uplink(_settings(broker.port, authority, Issued(str(cert), str(key)))) as rig:
            assert (await rig.ended()).reason == "tls-client-certificate-refused"
            install(new)
            await rig.connected()

    run(main())


def test_what_comes_in_many_pieces_over_tls_comes_whole(make_broker: MakeBroker, authority: Authority) -> None:
    """TLS decrypts more at once than one message: what it still holds is not left lying until the next arrives."""
    broker = _tls_broker(make_broker, authority, authority.issue("server", host="127.0.0.1"))

    async def main() -> None:
        async with uplink(_settings(broker.port, authority), subscriptions=[f"{HUB}/#"]) as rig:
            await rig.connected()
            sent = [bytes([n]) * (50_000 if n % 7 == 0 else 20) for n in range(60)]
            for one in sent:
                await rig.uplink.publish(f"{HUB}/reading/weight", one)
            await until(lambda: len(rig.messages) >= 60, 10)
            assert [payload for _topic, payload in rig.messages] == sent

    run(main())


def test_a_connection_over_tls_survives_the_brokers_restart(make_broker: MakeBroker, authority: Authority) -> None:
    broker = _tls_broker(make_broker, authority, authority.issue("server", host="127.0.0.1"))

    async def main() -> None:
        async with uplink(_settings(broker.port, authority, puback_timeout_s=0.5)) as rig:
            await rig.connected()
            broker.freeze()
            rig.uplink.publish(f"{HUB}/reading/weight", b"x")
            assert (await rig.ended()).reason == "puback-timeout"
            broker.thaw()
            await rig.connected(2)
            broker.restart()
            await rig.connected(3)
            await rig.uplink.publish(f"{HUB}/reading/weight", b"x")

    run(main())


@pytest.mark.parametrize("fault", ["missing", "garbage", "world-readable", "encrypted"])
def test_a_key_file_that_does_not_serve_is_named_and_asks_nobody(
    authority: Authority, tmp_path: Path, fault: str
) -> None:
    client = authority.issue("hub-0042")
    key = tmp_path / "hub.key"
    key.write_bytes(Path(client.key).read_bytes())
    key.chmod(0o600)
    expected = {
        "missing": "secret-file-unreadable",
        "garbage": "tls-file-invalid",
        "world-readable": "secret-file-permissions",
        "encrypted": "tls-file-invalid",
    }[fault]
    if fault == "missing":
        key.unlink()
    elif fault == "garbage":
        key.write_text("no key")
    elif fault == "world-readable":
        key.chmod(0o644)
    else:
        key.write_bytes(_encrypted(key.read_bytes()))
    error = _refusal(_settings(1, authority, Issued(client.cert, str(key))))
    assert isinstance(error, RefusedError)
    assert error.reason == expected
    assert str(tmp_path) not in str(error)


def _encrypted(pem: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization as ser

    key = ser.load_pem_private_key(pem, None)
    return key.private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.BestAvailableEncryption(os.urandom(8).hex().encode())
    )
