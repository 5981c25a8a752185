"""How to reach the broker, from the configuration."""

from gateway.settings import Mqtt, secret_path
from gateway.uplink.link import UplinkSettings
from gateway.uplink.tls import Tls


def configured(mqtt: Mqtt, client_id: str, credentials: str | None, window: int = 20) -> UplinkSettings:
    """The uplink's settings; `credential:` names become paths in the directory `credentials`."""

    def path(value: str | None) -> str | None:
        return None if value is None else secret_path(value, credentials)

    tls = Tls(ca_file=path(mqtt.ca_file), cert_file=path(mqtt.cert_file), key_file=path(mqtt.key_file))
    return UplinkSettings(
        host=mqtt.host,
        port=mqtt.port,
        client_id=client_id,
        tls=None if mqtt.insecure_plaintext else tls,
        username_file=path(mqtt.username_file),
        password_file=path(mqtt.password_file),
        protocol=mqtt.protocol,
        keepalive_s=mqtt.keepalive_s,
        window=window,
    )
