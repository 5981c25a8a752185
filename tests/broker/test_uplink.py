"""The uplink against a real mosquitto: what it promises about delivery, sessions and reconnecting."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from gateway.env import Env, real_env
from gateway.errors import RefusedError, TransientError, UnsendableError
from gateway.uplink import UplinkSettings, link
from gateway.uplink.link import Link, LinkEvents
from tests.aio import run, until
from tests.broker.harness import HUB, Rig, Witness, settings, uplink
from tests.broker.mosquitto import Broker, free_port, passwords
from tests.broker.scripted import ScriptedBroker

pytestmark = pytest.mark.broker

Protocol = Literal["5", "3.1.1"]
both = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


@both
def test_messages_arrive_in_the_order_they_were_published(broker: Broker, protocol: Protocol) -> None:
    """More messages than the window holds, all acknowledged, in order."""

    async def main() -> None:
        with Witness(broker.port, f"{HUB}/#") as witness:
            async with uplink(settings(broker.port, protocol=protocol, window=7)) as rig:
                await rig.connected()
                done = [rig.uplink.publish(f"{HUB}/reading/weight", b"%d" % i, expiry_s=60) for i in range(300)]
                await asyncio.gather(*done)
                seen = await witness.take(300)
            assert [int(payload) for _, payload in seen] == list(range(300))
            assert rig.uplink.state.counters["confirmed"] == 300

    run(main())


def test_without_a_connection_a_publish_fails_at_once() -> None:
    async def main() -> None:
        async with uplink(settings(free_port())) as rig:
            with pytest.raises(TransientError, match="not-connected"):
                await rig.uplink.publish("a/b", b"x")
            assert (await rig.ended()).reason == "broker-refused"
            assert not rig.uplink.state.connected
            assert rig.uplink.state.reason == "broker-refused"

    run(main())


@both
def test_what_was_under_way_fails_when_the_connection_goes_and_is_never_sent_by_itself(
    broker: Broker, protocol: Protocol
) -> None:
    """The store alone repeats: after the reconnect the broker sees only what is published then."""

    async def main() -> None:
        async with uplink(settings(broker.port, protocol=protocol)) as rig:
            await rig.connected()
            broker.freeze()
            lost = [rig.uplink.publish(f"{HUB}/reading/weight", b"lost %d" % i) for i in range(50)]
            broker.kill()
            for done in lost:
                with pytest.raises(TransientError):
                    await done
            broker.start()
            with Witness(broker.port, f"{HUB}/#") as witness:
                await rig.connected(2)
                await rig.uplink.publish(f"{HUB}/reading/weight", b"new")
                assert await witness.take(1) == [(f"{HUB}/reading/weight", b"new")]

    run(main())


@both
def test_what_is_sent_to_us_while_we_are_away_is_received(broker: Broker, protocol: Protocol) -> None:
    """The session is persistent: over our restart, and over the broker's."""

    async def main() -> None:
        chosen = settings(broker.port, protocol=protocol)
        async with uplink(chosen, subscriptions=[f"{HUB}/ack"]) as rig:
            await rig.connected()
            with Witness(broker.port, "nothing") as witness:
                witness.say(f"{HUB}/ack", b"first")
                await until(lambda: rig.messages)
        with Witness(broker.port, "nothing") as witness:
            for word in (b"second", b"third"):
                witness.say(f"{HUB}/ack", word)
        broker.restart()
        async with uplink(chosen, subscriptions=[f"{HUB}/ack"]) as rig:
            await until(lambda: len(rig.messages) == 2)
            assert [payload for _, payload in rig.messages] == [b"second", b"third"]

    run(main())


def test_a_message_whose_handling_failed_comes_again(broker: Broker) -> None:
    """The broker is answered only when the message has been dealt with."""

    async def main() -> None:
        with Witness(broker.port, "nothing") as witness:
            chosen = settings(broker.port)
            async with uplink(chosen, subscriptions=[f"{HUB}/ack"]) as rig:
                await rig.connected()
                rig.fault = TransientError("not-now")
                witness.say(f"{HUB}/ack", b"precious")
                await until(lambda: rig.messages)
            async with uplink(chosen, subscriptions=[f"{HUB}/ack"]) as rig:
                await until(lambda: rig.messages == [(f"{HUB}/ack", b"precious")])

    run(main())


def test_the_will_is_published_when_the_hub_dies_and_not_when_it_leaves(broker: Broker) -> None:
    async def main() -> None:
        will = (f"{HUB}/state", b"lost")
        with Witness(broker.port, f"{HUB}/#") as witness:
            async with uplink(settings(broker.port), will=will) as rig:
                await rig.connected()
                await rig.uplink.publish(f"{HUB}/state", b"disconnected", retain=True)
            async with uplink(settings(broker.port), will=will) as rig:
                await rig.connected()
                broker.freeze()
                rig.uplink.publish(f"{HUB}/reading/weight", b"x")
                broker.kill()
                await rig.ended()
            assert await witness.take(1) == [(f"{HUB}/state", b"disconnected")]

    run(main())


def test_leaving_takes_less_than_two_seconds_even_from_a_broker_that_is_silent(broker: Broker) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with uplink(settings(broker.port)) as rig:
            await rig.connected()
            broker.freeze()
            began = loop.time()
        assert loop.time() - began < 2
        assert rig.ends[-1] is None

    run(main())


def test_leaving_is_as_quick_when_the_broker_takes_nothing_any_more(broker: Broker) -> None:
    """The goodbye itself cannot be sent behind a message that fills every buffer."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with uplink(settings(broker.port, max_packet_bytes=100_000_000)) as rig:
            await rig.connected()
            broker.freeze()
            stuck = rig.uplink.publish(f"{HUB}/reading/weight", bytes(50_000_000))
            began = loop.time()
        assert loop.time() - began < 2
        with pytest.raises(TransientError, match="uplink-stopped"):
            await stuck

    run(main())


def test_a_broker_that_takes_nothing_for_a_while_holds_up_nobody_else(broker: Broker) -> None:
    """What does not fit into the socket waits for room; the event loop goes on meanwhile."""

    async def main() -> None:
        async with uplink(settings(broker.port, max_packet_bytes=100_000_000)) as rig:
            await rig.connected()
            broker.freeze()
            waiting = [rig.uplink.publish(f"{HUB}/reading/weight", bytes(5_000_000)) for _ in range(5)]
            for _turn in range(20):
                await asyncio.sleep(0.01)
            assert not any(one.done() for one in waiting)
            broker.thaw()
            await asyncio.gather(*waiting)
            assert len(rig.connects) == 1

    run(main())


@pytest.mark.parametrize(
    "noise",
    [
        b"\x40\x00",
        b"\x40\x01\x00",
        b"\x90\x01\x00",
        b"\x20\x00",
        b"\x32\x03\x00\x09\xff",
        b"\x40\x05\x00\x01\x00\x7f\xff",
    ],
    ids=bytes.hex,
)
def test_an_answer_that_is_no_mqtt_ends_the_connection_and_the_next_is_made(noise: bytes) -> None:
    async def main() -> None:
        async with ScriptedBroker(noise=noise) as script, uplink(settings(script.port)) as rig:
            await rig.connected()
            with pytest.raises(TransientError):
                await rig.uplink.publish("a/b", b"x")
            await rig.connected(2)

    run(main())


@pytest.mark.parametrize("host", ["a..b", "x" * 70, ""])
def test_a_host_name_that_can_be_none_is_told(host: str) -> None:
    async def main() -> None:
        async with uplink(settings(1, host=host)) as rig:
            assert (await rig.ended()).reason == "broker-name-unknown"

    run(main())


def test_a_fault_in_the_handling_of_one_message_does_not_cost_the_next(broker: Broker) -> None:
    """A bug is reported by the loop; the thread, the connection and the other messages live on."""
    reported: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
        with Witness(broker.port, "nothing") as witness:
            async with uplink(settings(broker.port), subscriptions=[f"{HUB}/ack"]) as rig:
                await rig.connected()
                rig.fault = ZeroDivisionError()
                for word in (b"1", b"2", b"3"):
                    witness.say(f"{HUB}/ack", word)
                await until(lambda: len(rig.messages) == 3)
                await rig.uplink.publish(f"{HUB}/reading/weight", b"x")
                assert len(rig.connects) == 1

    run(main())
    assert [type(error) for error in reported] == [ZeroDivisionError] * 3


def test_a_thread_that_speaks_after_the_loop_has_ended_harms_nothing(broker: Broker) -> None:
    """Whatever paho's thread still tells when the daemon is gone is dropped."""

    async def main() -> Link:
        events = LinkEvents(lambda: None, lambda _places: None, lambda _topic, _payload: None, lambda _error: None)
        return Link(settings(broker.port), None, (), events)

    orphan = run(main())
    orphan._hand(lambda: None)
    assert not orphan._box


def test_a_broker_that_takes_the_connection_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_CONNECT_TIMEOUT_S", 0.3)

    async def main() -> None:
        async with ScriptedBroker(connack=None) as script, uplink(settings(script.port)) as rig:
            assert (await rig.ended()).reason == "broker-unreachable"

    run(main())


def test_a_broker_that_acknowledges_nothing_is_left_and_found_again(broker: Broker) -> None:
    """A silent path: the message's own deadline ends the connection, long before keepalive would."""

    async def main() -> None:
        async with uplink(settings(broker.port, puback_timeout_s=0.5, keepalive_s=60)) as rig:
            await rig.connected()
            broker.freeze()
            with pytest.raises(TransientError, match="puback-timeout"):
                await rig.uplink.publish(f"{HUB}/reading/weight", b"x")
            broker.thaw()
            await rig.connected(2)
            await rig.uplink.publish(f"{HUB}/reading/weight", b"x")

    run(main())


def test_after_a_short_outage_the_broker_is_found_within_three_seconds(broker: Broker) -> None:
    """With the real waits; the outage is long enough for several attempts."""

    async def main() -> None:
        async with uplink(settings(broker.port), env=real_env()) as rig:
            await rig.connected()
            broker.kill()
            await rig.ended(4)
            loop = asyncio.get_running_loop()
            broker.start()
            back = loop.time()
            await rig.connected(2)
            assert loop.time() - back < 3

    run(main())


@both
def test_wrong_credentials_are_refused_with_their_own_words(
    make_broker: Callable[..., Broker], protocol: Protocol, tmp_path: Path
) -> None:
    async def main(chosen: UplinkSettings) -> None:
        async with uplink(chosen) as rig:
            error = await rig.ended()
            assert isinstance(error, RefusedError)
            assert error.reason in ("mqtt-bad-credentials", "mqtt-not-authorised")

    file = passwords(tmp_path / "passwords", hub="right")
    broker = make_broker(anonymous=False, extra=(f"password_file {file}",))
    user, wrong, right = secrets(tmp_path, user="hub", wrong="wrong", right="right\n")
    run(main(settings(broker.port, protocol=protocol, username_file=user, password_file=wrong)))
    run(main(settings(broker.port, protocol=protocol)))

    async def good() -> None:
        async with uplink(settings(broker.port, protocol=protocol, username_file=user, password_file=right)) as rig:
            await rig.connected()

    run(good())


def secrets(directory: Path, **texts: str) -> tuple[str, ...]:
    """Files that only their owner reads, each with its text."""
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
        (directory / name).chmod(0o600)
    return tuple(str(directory / name) for name in texts)


def test_a_secret_that_is_missing_or_open_to_all_is_named(broker: Broker, tmp_path: Path) -> None:
    """The daemon goes on storing and says which file; it never logs in with a secret that everybody can read."""

    async def reason(**files: str) -> str:
        async with uplink(settings(broker.port, **files)) as rig:
            return (await rig.ended()).reason

    (user,) = secrets(tmp_path, user="hub")
    Path(user).chmod(0o644)
    assert run(reason(username_file=user)) == "secret-file-permissions"
    assert run(reason(username_file=str(tmp_path / "none"))) == "secret-file-unreadable"


async def _settle(rig: Rig, messages: set[tuple[str, bytes]]) -> dict[tuple[str, bytes], str]:
    """Publishes as a store would, again after each lost connection; gives the refused messages, and why."""
    left, times = set(messages), 0
    refused: dict[tuple[str, bytes], str] = {}
    while left:
        times += 1
        await rig.connected(times)
        sent = [(message, rig.uplink.publish(*message)) for message in sorted(left)]
        for message, done in sent:
            try:
                await done
            except TransientError:
                continue
            except UnsendableError as error:
                refused[message] = error.reason
            left.discard(message)
    return refused


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (("dho/1/skien/another-hub/state", b"x"), "mqtt-not-authorised"),
        ((f"{HUB}/reading/weight", b"x" * 3000), "mqtt-packet-too-large"),
    ],
)
def test_a_message_the_broker_refuses_is_unsendable_and_the_others_pass(
    make_broker: Callable[..., Broker], tmp_path: Path, bad: tuple[str, bytes], reason: str
) -> None:
    """Not authorised, or too large. Mosquitto 2.0.11 also drops the connection after it has answered so."""
    acl = tmp_path / "acl"
    acl.write_text(f"topic readwrite {HUB}/#\n")
    broker = make_broker(extra=(f"acl_file {acl}", "message_size_limit 2000"))

    async def main() -> None:
        async with uplink(settings(broker.port)) as rig:
            good = {(f"{HUB}/reading/weight", b"%d" % i) for i in range(5)}
            assert await _settle(rig, {bad, *good}) == {bad: reason}

    run(main())


def test_what_is_larger_than_the_brokers_packets_is_refused_before_it_is_sent(
    make_broker: Callable[..., Broker],
) -> None:
    broker = make_broker(extra=("max_packet_size 2000",))

    async def main() -> None:
        async with uplink(settings(broker.port)) as rig:
            await rig.connected()
            large = rig.uplink.publish(f"{HUB}/reading/weight", b"x" * 3000)
            fine = rig.uplink.publish(f"{HUB}/reading/weight", b"x")
            with pytest.raises(UnsendableError, match="mqtt-packet-too-large"):
                await large
            await fine
            assert len(rig.connects) == 1

    run(main())


def test_a_topic_that_can_be_none_is_unsendable(broker: Broker) -> None:
    async def main() -> None:
        async with uplink(settings(broker.port)) as rig:
            await rig.connected()
            with pytest.raises(UnsendableError, match="mqtt-topic-invalid"):
                await rig.uplink.publish("a/#", b"x")
            await rig.uplink.publish("a/b", b"x")

    run(main())


def test_a_refused_subscription_is_told_and_does_not_stop_the_readings() -> None:
    """Mosquitto grants every subscription, so a broker of our own says no."""

    async def main() -> None:
        async with ScriptedBroker() as scripted:
            scripted.suback = (0x87,)
            async with uplink(settings(scripted.port), subscriptions=["dho/1/+/+/ack"]) as rig:
                await rig.connected()
                await until(lambda: rig.uplink.state.reason == "mqtt-subscription-refused")
                assert rig.uplink.state.refused_subscriptions == ("dho/1/+/+/ack",)
                await rig.uplink.publish("a/b", b"x")

    run(main())


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        (ScriptedBroker(goodbye=b"\xe0\x02\x8e\x00"), RefusedError, "session-taken-over"),
        (ScriptedBroker(goodbye=b"\xe0\x02\x8b\x00"), TransientError, "broker-stopping"),
        (ScriptedBroker(goodbye=b"\xe0\x02\x98\x00"), TransientError, "connection-lost"),
        (ScriptedBroker(goodbye=b"\xe0\x00"), TransientError, "connection-lost"),
        (ScriptedBroker(connack=b"\x00\x84\x00"), RefusedError, "mqtt-version"),
        (ScriptedBroker(connack=b"\x00\x01"), RefusedError, "mqtt-version"),
        (ScriptedBroker(connack=b"\x00\x85\x00"), RefusedError, "mqtt-client-id-refused"),
        (ScriptedBroker(connack=b"\x00\x86\x00"), RefusedError, "mqtt-bad-credentials"),
        (ScriptedBroker(connack=b"\x00\x87\x00"), RefusedError, "mqtt-not-authorised"),
        (ScriptedBroker(connack=b"\x00\x88\x00"), TransientError, "broker-busy"),
        (ScriptedBroker(connack=b"\x00\x9d\x00"), RefusedError, "broker-moved"),
        (ScriptedBroker(connack=b"\x00\x81\x00"), RefusedError, "mqtt-refused"),
        (ScriptedBroker(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n"), TransientError, "broker-closed"),
        (ScriptedBroker(greeting=b"\x20\x01\x00"), RefusedError, "mqtt-version"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_refusal_of_a_broker_has_its_own_words(script: ScriptedBroker, kind: type, reason: str) -> None:
    async def main() -> None:
        async with script, uplink(settings(script.port)) as rig:
            if script.goodbye:
                await rig.connected()
                with pytest.raises(TransientError, match=reason):
                    await rig.uplink.publish("a/b", b"x")
            error = await rig.ended()
            assert (type(error), error.reason) == (kind, reason)

    run(main())


def test_a_broker_that_hangs_up_over_a_size_costs_one_message(broker: Broker) -> None:
    """MQTT 5 DISCONNECT 0x95: the largest message under way is set aside, the others may be sent again."""

    async def main() -> None:
        async with ScriptedBroker(goodbye=b"\xe0\x02\x95\x00") as script, uplink(settings(script.port)) as rig:
            await rig.connected()
            small, large = rig.uplink.publish("a/b", b"x"), rig.uplink.publish("a/b", b"x" * 500)
            with pytest.raises(UnsendableError, match="mqtt-packet-too-large"):
                await large
            with pytest.raises(TransientError):
                await small

    run(main())


@pytest.mark.parametrize("code", [0x80, 0x83, 0x87, 0x90, 0x91, 0x95, 0x97, 0x99, 0xA2])
def test_any_reason_code_for_a_message_refuses_that_message_alone(code: int) -> None:
    """Also those that the specification does not list for PUBACK."""

    async def main() -> None:
        async with ScriptedBroker(puback=[code]) as script, uplink(settings(script.port)) as rig:
            await rig.connected()
            refused, taken = rig.uplink.publish("a/b", b"x"), rig.uplink.publish("a/b", b"y")
            with pytest.raises(UnsendableError):
                await refused
            await taken
            assert len(rig.connects) == 1

    run(main())


def test_two_hubs_with_one_name_do_not_throw_each_other_out_for_ever(broker: Broker) -> None:
    """Mosquitto hangs up on the older one without a word; the attempts grow rarer."""

    def rival() -> Env:
        now = 0.0

        async def sleep(seconds: float) -> None:
            nonlocal now
            now += seconds
            waits.append(seconds)
            await asyncio.sleep(0.001)

        return replace(real_env(), sleep=sleep, monotonic=lambda: now, jitter=lambda: 0.5)

    async def main() -> None:
        async with uplink(settings(broker.port), env=rival()) as one:
            await one.connected()
            async with uplink(settings(broker.port), env=rival()):
                await until(lambda: len(waits) >= 100)

    waits: list[float] = []
    run(main())
    assert max(waits[-10:]) > 3 * waits[0]
