"""What the commands say."""

from gateway.catalogue.text import Text

TEXTS = {
    "check-ok": Text(
        "The configuration is in order: {devices} device(s).", "Konfigurasjonen er i orden: {devices} enhet(er)."
    ),
    "status-outbox": Text(
        "Stored so far: {stored}. Waiting for confirmation: {waiting}, of which {at_broker} are at the broker. Oldest: "
        "{oldest}. Held back: {held}. Refused by the broker: {aside}.",
        "Lagret til nå: {stored}. Venter på bekreftelse: {waiting}, hvorav {at_broker} er hos megleren. Eldste: "
        "{oldest}. Holdt tilbake: {held}. Avvist av megleren: {aside}.",
    ),
    "outbox-line": Text(
        "{kind}: {readings} reading(s) refused ({reason}).", "{kind}: {readings} måling(er) avvist ({reason})."
    ),
    "outbox-nothing-refused": Text("No reading was refused.", "Ingen måling er avvist."),
    "outbox-none-refused": Text(
        "No such reading was refused. `dho-gateway outbox list` shows those that were.",
        "Ingen slik måling er avvist. `dho-gateway outbox list` viser dem som er det.",
    ),
    "outbox-offered": Text(
        "Offered again: {count} reading(s). Still set aside: {left}.",
        "Tilbys på nytt: {count} måling(er). Fortsatt lagt til side: {left}.",
    ),
}
