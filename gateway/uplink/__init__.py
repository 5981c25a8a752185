"""The connection to the backend's broker: MQTT 5 or 3.1.1, over verified TLS. Nothing else imports paho."""

from gateway.uplink.configured import configured
from gateway.uplink.connection import Uplink, UplinkState, reconnect_wait
from gateway.uplink.link import UplinkSettings
from gateway.uplink.tls import Tls, read_secret

__all__ = ["Tls", "Uplink", "UplinkSettings", "UplinkState", "configured", "read_secret", "reconnect_wait"]
