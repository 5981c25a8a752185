"""The uplink's parts without a broker: waits, window, and the words for every fault."""

import ast
import asyncio
import errno
import re
import socket
import ssl
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import egress
from gateway.catalogue.uplink import TEXTS
from gateway.errors import GatewayError, RefusedError, TransientError, UnsendableError
from gateway.uplink import faults, read_secret, reconnect_wait, tls
from gateway.uplink.window import Sending, Window
from tests.aio import run

SOURCES = [*sorted(Path(faults.__file__).parent.glob("*.py")), Path(egress.__file__)]


# --- waiting -------------------------------------------------------------------------------------------------------


@given(outage=st.floats(0, 1e7), jitter=st.floats(0, 1, exclude_max=True), refused=st.booleans())
def test_no_wait_is_longer_than_its_cap_nor_shorter_than_a_quarter_second(
    outage: float, jitter: float, refused: bool
) -> None:
    wait = reconnect_wait(outage, refused=refused, jitter=jitter)
    assert 0.25 <= wait <= (60 if refused else 30)


@given(outage=st.floats(0, 120), jitter=st.floats(0, 1, exclude_max=True))
def test_the_first_attempts_are_quick_and_the_return_is_found_within_a_tenth(outage: float, jitter: float) -> None:
    assert reconnect_wait(outage, refused=False, jitter=jitter) <= max(0.5, outage / 10)


def test_the_attempts_of_many_hubs_spread_over_half_the_cap_after_a_storm() -> None:
    waits = [reconnect_wait(3 * 86400, refused=False, jitter=i / 300) for i in range(300)]
    assert min(waits) == 15
    assert max(waits) > 29.9
    assert max(b - a for a, b in pairwise(waits)) < 0.1


# --- the window ----------------------------------------------------------------------------------------------------


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _sending(payload: bytes = b"", size: int = 10) -> Sending:
    return Sending("a/b", payload, asyncio.get_running_loop().create_future(), size=size)


def _window(size: int = 3, clock: _Clock | None = None) -> Window:
    return Window(size, 1000, 20.0, clock or _Clock())


def _fly(window: Window, first: int = 1) -> list[Sending]:
    flown = []
    for number, sending in enumerate(window.ready(), first):
        window.sent(number, sending)
        flown.append(sending)
    return flown


def test_the_window_bounds_what_flies_and_keeps_the_order() -> None:
    async def main() -> None:
        window = _window()
        messages = [_sending(b"%d" % i) for i in range(5)]
        for message in messages:
            window.add(message)
        assert _fly(window) == messages[:3]
        assert _fly(window) == []
        landed = window.landed(1)
        assert landed is messages[0]
        assert _fly(window, 4) == [messages[3]]
        assert len(window) == 4
        assert window.landed(99) is None

    run(main())


def test_the_brokers_smaller_limits_win_and_its_larger_ones_do_not() -> None:
    async def main() -> None:
        window = _window()
        window.narrow(2, 50)
        window.narrow(None, None)
        window.narrow(65535, 10**6)
        large = _sending(size=51)
        window.add(large)
        with pytest.raises(UnsendableError, match="mqtt-packet-too-large"):
            await large.done
        for _ in range(3):
            window.add(_sending())
        assert len(_fly(window)) == 2

    run(main())


def test_the_line_behind_the_window_is_bounded() -> None:
    async def main() -> None:
        window = _window()
        for _ in range(1000):
            window.add(_sending())
        over = _sending()
        window.add(over)
        with pytest.raises(TransientError, match="uplink-line-full"):
            await over.done

    run(main())


def test_a_message_that_its_sender_gave_up_is_not_sent() -> None:
    async def main() -> None:
        window = _window()
        given_up, other = _sending(), _sending()
        window.add(given_up)
        window.add(other)
        given_up.done.cancel()
        assert _fly(window) == [other]
        other.resolve()
        other.fail(TransientError("late"))
        given_up.resolve()
        assert other.done.result() is None

    run(main())


def test_patience_ends_when_nothing_is_acknowledged_and_not_while_something_is() -> None:
    """A narrow link may take long for a full window; a broker that answers is waited for, but not for ever."""

    async def main() -> None:
        clock = _Clock()
        window = _window(clock=clock)
        assert window.patience() is None
        for _ in range(30):
            window.add(_sending())
        stuck = _fly(window)[0]
        assert window.patience() == 20
        for number in range(2, 20):
            clock.now += 8
            window.landed(number)
            _fly(window, number + 2)
        assert window.patience() == 6 * 20 - clock.now
        assert not stuck.done.done()
        clock.now += 21
        assert (window.patience() or 0) < 0

    run(main())


def test_when_the_connection_is_over_everything_fails_at_once() -> None:
    async def main() -> None:
        window = _window()
        messages = [_sending() for _ in range(5)]
        for message in messages:
            window.add(message)
        _fly(window)
        window.fail_all(TransientError("connection-lost"))
        assert len(window) == 0
        for message in messages:
            with pytest.raises(TransientError):
                await message.done
        window.fail_largest(UnsendableError("mqtt-packet-too-large"))

    run(main())


# --- words ---------------------------------------------------------------------------------------------------------


def _reasons() -> set[str]:
    """Every text in the uplink's sources that has the form of a reason."""
    form = re.compile(r"[a-z]+(-[a-z]+)+")
    nodes = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    words = {text for text in texts if form.fullmatch(text)}
    return words - {"uplink-dial"}


def test_every_reason_has_a_sentence_in_both_languages_and_no_sentence_is_left_over() -> None:
    assert _reasons() == set(TEXTS)
    for text in TEXTS.values():
        assert text.en != text.nb
        assert len(text.en.split()) <= 20


@given(code=st.integers(0, 255))
def test_any_code_of_a_broker_becomes_an_error_with_a_sentence(code: int) -> None:
    for error in (
        faults.connect_refusal(code, "x"),
        faults.broker_goodbye(code, "x"),
        faults.publish_refusal(code, "x"),
        faults.silent_end(code, "x", accepted=False),
        faults.silent_end(code, "x", accepted=True),
    ):
        assert error.reason in TEXTS


def _tls(word: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {word}]")
    error.reason = word
    return error


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), TransientError, "broker-name-unknown"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), TransientError, "broker-refused"),
        (TimeoutError("timed out"), TransientError, "broker-unreachable"),
        (OSError(errno.ENETUNREACH, "x"), TransientError, "broker-unreachable"),
        (OSError(errno.EHOSTUNREACH, "x"), TransientError, "broker-unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "x"), TransientError, "connection-lost"),
        (ssl.SSLEOFError(8, "EOF"), TransientError, "tls-closed"),
        (_tls("WRONG_VERSION_NUMBER"), RefusedError, "tls-not-spoken"),
        (_tls("TLSV1_ALERT_PROTOCOL_VERSION"), RefusedError, "tls-too-old"),
        (
            _tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            RefusedError,
            "tls-client-certificate-required",
        ),
        (_tls("TLSV1_ALERT_UNKNOWN_CA"), RefusedError, "tls-client-certificate-refused"),
        (_tls("SSLV3_ALERT_CERTIFICATE_EXPIRED"), RefusedError, "tls-client-certificate-refused"),
        (_tls("SOMETHING_NEW"), RefusedError, "tls-failed"),
    ],
)
def test_each_fault_of_the_way_has_its_own_words(fault: OSError, kind: type[GatewayError], reason: str) -> None:
    error = faults.way_fault(fault, has_certificate=False)
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize(("has", "reason"), [(False, "required"), (True, "refused")])
def test_a_failed_handshake_is_read_by_whether_we_had_a_certificate_to_show(has: bool, reason: str) -> None:
    alert = _tls("SSLV3_ALERT_HANDSHAKE_FAILURE")
    assert faults.way_fault(alert, has_certificate=has).reason == f"tls-client-certificate-{reason}"


# --- secrets -------------------------------------------------------------------------------------------------------


def test_a_secret_is_read_without_its_line_end_and_nothing_else_is_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b" hemmelig \r\n")
    file.chmod(0o640)
    assert read_secret(str(file)) == " hemmelig "


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0, "secret-file-unreadable"),
        (b"x", 0o604, "secret-file-permissions"),
        (b"\xff", 0o600, "secret-file-unreadable"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_without_its_content(
    tmp_path: Path, content: bytes | None, mode: int, reason: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(RefusedError) as caught:
        read_secret(str(file))
    assert caught.value.reason == reason
    assert str(tmp_path) not in str(caught.value)


def test_no_context_verifies_less_than_everything(tmp_path: Path) -> None:
    context = tls.make_context(tls.Tls())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    garbage = tmp_path / "ca.pem"
    garbage.write_text("no certificate")
    with pytest.raises(RefusedError, match="tls-file-invalid"):
        tls.make_context(tls.Tls(ca_file=str(garbage)))
