"""A broker that can also be slow."""

import threading
from dataclasses import dataclass, field

from tests.broker.mosquitto import Broker

_STANDS_S, _RUNS_S = 0.3, 0.03


@dataclass
class SlowBroker(Broker):
    """`drag` lets it run a tenth of the time, until `thaw`."""

    _quick: threading.Event = field(default_factory=threading.Event)
    _dragging: threading.Thread | None = None

    def drag(self) -> None:
        self._quick.clear()
        self._dragging = threading.Thread(target=self._stumble, name="slow broker")
        self._dragging.start()

    def thaw(self) -> None:
        self._quick.set()
        if self._dragging is not None:
            self._dragging.join()
            self._dragging = None
        super().thaw()

    def close(self) -> None:
        if self._dragging is not None:
            self.thaw()
        super().close()

    def _stumble(self) -> None:
        while not self._quick.is_set():
            self.freeze()
            self._quick.wait(_STANDS_S)
            super().thaw()
            self._quick.wait(_RUNS_S)
