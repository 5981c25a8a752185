"""Contec SP10 spirometer over a byte stream: the session of `drivers.sp10` on a serial port.

No serial spirometer with a public wire format was found. This is the SP10's protocol where a port carries it, proved
against a simulation alone: experimental.
"""

from collections.abc import Generator

from drivers.api import PORT, Await, Reply, SerialDriver, Step, TalkContext, Value
from drivers.gather import each
from drivers.sp10 import VERIFIED, decode, framer, talk_over

# A new blow is fetched within this time.
_AGAIN_S = 30.0
_session = talk_over(PORT)


def _talk(context: TalkContext) -> Generator[Step, Reply, None]:
    """Reads the memory, and again after a while; what is known already is the same record.

    The clock is set at the first session alone: the time known here is that of the opening.
    """
    yield from _session(context)
    while True:
        while isinstance((yield Await(_AGAIN_S)), Value):
            pass
        yield from _session(TalkContext(local_time=None, cursor=context.cursor, options=context.options))


DRIVER = SerialDriver(
    name="spirometer-sp10-serial",
    kind="spirometry",
    framer=framer,
    decode=decode,
    modes={"each": each(5.0)},
    talk=_talk,
    verdict="experimental",
    verified=VERIFIED,
)
