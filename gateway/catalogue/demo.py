"""What the demo says."""

from gateway.catalogue.text import Text

TEXTS = {
    "demo-simulated": Text(
        "SIMULATED DATA. A virtual home measures, no person does. Every message is marked as simulated.",
        "SIMULERTE DATA. Et virtuelt hjem måler; ingenting her kommer fra en person. Hver melding er merket simulert.",
    ),
    "demo-parts": Text(
        "Real here: bleak and its BlueZ backend over D-Bus, serial ports, SQLite, {broker}, the receiver.",
        "Ekte her: bleak og dens BlueZ-del over D-Bus, serieporter, SQLite, {broker}, mottakeren.",
    ),
    "demo-cut": Text(
        ">>> The network goes away. Measuring goes on; watch the outbox grow.",
        ">>> Nettet blir borte. Målingene fortsetter; se køen vokse.",
    ),
    "demo-mended": Text(">>> The network is back. Watch the outbox drain.", ">>> Nettet er tilbake. Se køen tømmes."),
    "demo-drained": Text("Every reading is confirmed.", "Hver måling er bekreftet."),
    "demo-late": Text(
        "Not everything was confirmed in time. The logs are in {directory}.",
        "Ikke alt ble bekreftet i tide. Loggene ligger i {directory}.",
    ),
    "demo-total": Text(
        "measured {measured}, stored {stored}, received {received}, missing {missing}, doubled {doubled} "
        "(simulated data; largest outbox {largest_outbox}, network away {outage_s} s)",
        "målt {measured}, lagret {stored}, mottatt {received}, mangler {missing}, doble {doubled} "
        "(simulerte data; største kø {largest_outbox}, nettet borte {outage_s} s)",
    ),
    "demo-does-not-start": Text(
        "The gateway does not start. Its log is in {detail}.", "Gatewayen starter ikke. Loggen ligger i {detail}."
    ),
    "demo-line": Text(
        "[{second}/{total} s] network {network}: stored {stored}, confirmed {confirmed}, waiting {outbox}",
        "[{second}/{total} s] nett {network}: lagret {stored}, bekreftet {confirmed}, i kø {outbox}",
    ),
    "demo-network-up": Text("up", "oppe"),
    "demo-network-down": Text("AWAY", "BORTE"),
    "demo-device": Text("device", "enhet"),
    "demo-link": Text("link", "forbindelse"),
    "demo-measured": Text("measured", "målt"),
    "demo-stored": Text("stored", "lagret"),
    "demo-confirmed": Text("confirmed", "bekreftet"),
    "demo-outbox": Text("outbox", "kø"),
    "demo-oximeter": Text("oximeter", "oksymeter"),
    "demo-cuff": Text("cuff", "mansjett"),
    "demo-scale": Text("scale", "vekt"),
    "demo-floor-scale": Text("chair scale", "stolvekt"),
    "demo-finger-clip": Text("finger clip", "fingerklype"),
    "broker-missing": Text(
        "There is no broker on this machine. As root, run: apt-get install --no-install-recommends mosquitto",
        "Det finnes ingen megler på denne maskinen. Kjør som root: apt-get install --no-install-recommends mosquitto",
    ),
    "broker-does-not-start": Text(
        "The broker ({detail}) does not start. Its log is in the demo's folder.",
        "Megleren ({detail}) starter ikke. Loggen ligger i demoens mappe.",
    ),
}
