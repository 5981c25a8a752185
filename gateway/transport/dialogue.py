"""Plays the conversation a driver wants (`Talk`) over whatever link reaches the device.

The driver says what to write, read and wait for, as data; the link does it; what came of it goes back into the
generator. Bluetooth and serial give a link each.
"""

from datetime import tzinfo
from typing import Protocol

from drivers.api import (
    Await,
    ClockRead,
    DecodeError,
    Done,
    Facts,
    Read,
    Refused,
    Reply,
    Step,
    Talk,
    TalkContext,
    TimedOut,
    Value,
    Write,
)
from gateway.env import Env, local_time
from gateway.errors import TransientError
from gateway.transport import Contact


class Link(Protocol):
    """What a conversation needs of a transport. A lost link is a GatewayError; a device that says no is `Refused`."""

    async def write(self, channel: str, data: bytes, response: bool) -> Done | Refused:
        """Writes bytes to a channel."""
        ...

    async def read(self, channel: str) -> Value | Refused:
        """Reads a channel."""
        ...

    async def next_value(self, seconds: float) -> Value | TimedOut:
        """The next bytes from a control channel that the conversation has not seen, within `seconds`."""
        ...


async def play(talk: Talk, context: TalkContext, link: Link, contact: Contact) -> None:
    """Runs one conversation to its end; the generator is closed however it ends. Clocks it reads are told to `contact`.

    Raises TransientError `conversation-failed` when the driver cannot make sense of an answer, and whatever the link
    raises.
    """
    conversation = talk(context)
    try:
        step = next(conversation)
        while True:
            step = conversation.send(await _perform(step, link, contact))
    except StopIteration:
        return
    except DecodeError as error:
        raise TransientError("conversation-failed", f"{error.reason} at byte {error.offset}") from error
    finally:
        conversation.close()


async def _perform(step: Step, link: Link, contact: Contact) -> Reply:
    match step:
        case Write():
            return await link.write(step.channel, step.data, step.response)
        case Read():
            return await link.read(step.channel)
        case Await():
            return await link.next_value(step.seconds)
        case ClockRead():
            contact.clock(step.time)
            return Done()


def talk_context(env: Env, timezone: tzinfo, cursor: int | None, options: Facts) -> TalkContext:
    """What a conversation may know now: no time is given while the hub's clock is not to be trusted."""
    return TalkContext(local_time=local_time(env, timezone), cursor=cursor, options=options)
