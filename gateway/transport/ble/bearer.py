"""An ATT bearer of our own, on a connected channel: requests one at a time, values as they come.

Unlike BlueZ's it confirms an indication only when told that the value is kept: until then the device keeps it too.
Core Specification, Vol 3, Part F, 3.3.2 (one request at a time, one indication at a time) and 3.3.3 (after a request
that was not answered in time nothing more is asked).
"""

import asyncio
import socket
from collections.abc import Callable

from gateway.transport.ble import att
from gateway.transport.ble.deadline import StoppedError, end, within
from gateway.transport.ble.errors import NO_ANSWER, fault, of_code
from gateway.transport.ble.link import HungUpError

# What fills it is longer than any PDU we allow.
_ROOM = att.MAX_MTU + 1
# PDUs without sense, after which the link is given up.
_NONSENSE = 16


class Bearer:
    """Gives every value to `take`, which has indications confirmed by `confirm`; sets `gone` when the link is over."""

    def __init__(self, channel: socket.socket, take: Callable[[att.Value], None], gone: asyncio.Event) -> None:
        self._channel = channel
        self._take = take
        self._gone = gone
        self._asking = asyncio.Lock()
        self._asked = 0
        self._answer: asyncio.Future[att.Answer | att.Refusal] | None = None
        self._granted: Callable[[], None] = lambda: None
        self._unconfirmed = False
        self._nonsense = 0
        self._reader = asyncio.ensure_future(self._read())

    async def ask(self, request: bytes, seconds: float, granted: Callable[[], None] = lambda: None) -> bytes:
        """Sends a request; the parameters of its response. Raises GatewayError: AttRefusedError where refused.

        `granted` is called at once when there is a response, before anything that comes after it.
        """
        async with self._asking:
            self._granted = granted
            self._asked, self._answer = request[0], asyncio.get_running_loop().create_future()
            self.tell(request)
            try:
                said = await within(seconds, _result(self._answer), self._gone)
            except StoppedError as error:
                raise HungUpError from error
            except BaseException as error:
                # Its late response could be taken for the next one's.
                self.give_up()
                if isinstance(error, TimeoutError):
                    raise fault(NO_ANSWER) from error
                raise
            finally:
                self._answer = None
        if isinstance(said, att.Refusal):
            raise of_code(said.code)
        return said.data

    def tell(self, pdu: bytes) -> None:
        """Sends what is not answered. The queue of the kernel holds far more than one who asks singly can fill."""
        try:
            self._channel.send(pdu)
        except OSError:
            self.give_up()

    def confirm(self) -> None:
        """The value of the last indication is kept: the device may forget it."""
        if self._unconfirmed:
            self._unconfirmed = False
            self.tell(att.CONFIRMATION)

    def give_up(self) -> None:
        """Nothing more is taken; what was not confirmed stays with the device."""
        self._gone.set()

    async def close(self) -> None:
        """Ends the link, as far as it is ours."""
        self.give_up()
        await end(self._reader)
        self._channel.close()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while pdu := await loop.sock_recv(self._channel, _ROOM):
                self._heard(pdu)
                if self._gone.is_set():
                    return
                # Reading does not wait while there is something: others must have their turn.
                await asyncio.sleep(0)
        except OSError:
            return
        finally:
            self.give_up()

    def _heard(self, pdu: bytes) -> None:
        try:
            said = att.parse(pdu)
        except att.MalformedError:
            self._nonsense += 1
            if self._nonsense >= _NONSENSE:
                self.give_up()
            return
        if isinstance(said, att.Value):
            self._value(said)
        elif isinstance(said, att.Asked):
            self.tell(said.reply)
        elif said is not None and said.request == self._asked and self._answer is not None and not self._answer.done():
            if isinstance(said, att.Answer):
                self._granted()
            self._answer.set_result(said)

    def _value(self, value: att.Value) -> None:
        if value.indicated and self._unconfirmed:
            # It must not send another: who knows which of them a confirmation would be for.
            self.give_up()
            return
        self._unconfirmed = self._unconfirmed or value.indicated
        self._take(value)


async def _result(answer: "asyncio.Future[att.Answer | att.Refusal]") -> att.Answer | att.Refusal:
    return await answer
