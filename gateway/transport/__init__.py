"""The seam between transports and the collector: bytes and facts go one way, nothing comes back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from gateway.errors import GatewayError


class Contact(Protocol):
    """What a transport tells of one device. Called on the event loop; what is durable is durable on return."""

    def opened(self) -> None:
        """Contact is made: connected and subscribed, or the port is open."""
        ...

    def frame(self, channel: str, data: bytes) -> None:
        """Bytes came: one value of a characteristic, or any chunk of a serial stream (`drivers.api.PORT`)."""
        ...

    def facts(self, facts: Mapping[str, object]) -> None:
        """The device told of itself (model, firmware, battery, signal strength); merged into what is known."""
        ...

    def clock(self, device_time: datetime | None) -> None:
        """The device's clock was read just now (naive, as told); None: it has none that can be read."""
        ...

    def closed(self, error: GatewayError | None) -> None:
        """Contact is over; `error` if it ended other than by itself."""
        ...

    def cursor(self) -> int | None:
        """The highest record number kept of this device, for conversations that ask for what is new."""
        ...
