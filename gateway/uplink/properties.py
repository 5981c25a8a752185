"""MQTT 5 properties of a message, and the reason codes of its answer."""

from functools import lru_cache

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode


class Packed(Properties):
    """Properties with their bytes kept: packing them anew takes longer than the rest of a publish."""

    packed: bytes

    def freeze(self) -> "Packed":
        """From here on the bytes are fixed."""
        object.__setattr__(self, "packed", super().pack())  # type: ignore[no-untyped-call]
        return self

    def pack(self) -> bytes:
        """The bytes, as `freeze` made them."""
        return self.packed


@lru_cache(maxsize=64)
def publish_properties(user: tuple[tuple[str, str], ...], expiry_s: int | None, *, json: bool) -> Packed:
    """MQTT 5 properties of a message: user properties, its life at the broker, and that it is JSON text."""
    properties = Packed(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if json:
        properties.PayloadFormatIndicator = 1
        properties.ContentType = "application/json"
    if expiry_s is not None:
        properties.MessageExpiryInterval = expiry_s
    if user:
        properties.UserProperty = list(user)
    return properties.freeze()


def accept_any_refusal() -> None:
    """Lets every failure code stand in a PUBACK.

    mosquitto answers a message over its `message_size_limit` with "Packet too large", which MQTT 5 (section 3.4.2.1)
    does not list there. paho would take the answer for garbage and drop the connection, at every repetition anew,
    instead of refusing one message.
    """
    for code, names in ReasonCode.names.items():
        for packets in names.values():
            if code >= 0x80 and PacketTypes.PUBACK not in packets:
                packets.append(PacketTypes.PUBACK)
