"""What the commands say."""

from gateway.catalogue.text import Text

TEXTS = {
    "check-ok": Text(
        "The configuration is in order: {devices} device(s).", "Konfigurasjonen er i orden: {devices} enhet(er)."
    ),
    "status-outbox": Text(
        "Stored so far: {stored}. Waiting for confirmation: {waiting}, of which {at_broker} are at the broker. Oldest: "
        "{oldest}. Held back: {held}. Refused by the backend: {aside}.",
        "Lagret til nå: {stored}. Venter på bekreftelse: {waiting}, hvorav {at_broker} er hos megleren. Eldste: "
        "{oldest}. Holdt tilbake: {held}. Avvist av mottakeren: {aside}.",
    ),
}
