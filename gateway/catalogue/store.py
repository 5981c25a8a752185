"""Faults of the store and of the hub's clock."""

from gateway.catalogue.text import Text

TEXTS = {
    "store-full": Text(
        "The hub's storage is full. New readings wait in memory until there is room. Free some space.",
        "Lageret på huben er fullt. Nye målinger venter i minnet til det blir plass. Frigjør plass.",
    ),
    "store-read-only": Text(
        "The hub's storage cannot be written. The card may be worn out: replace it, and keep the old one.",
        "Lageret på huben kan ikke skrives til. Kortet kan være utslitt: bytt det, og ta vare på det gamle.",
    ),
    "store-io": Text(
        "The hub's storage answers with errors. Replace the card, and keep the old one.",
        "Lageret på huben gir feil. Bytt kortet, og ta vare på det gamle.",
    ),
    "store-damaged": Text(
        "The database was damaged and put aside in quarantine/; what could be read was saved. Replace the card.",
        "Databasen var skadet og er lagt til side i quarantine/; det som kunne leses, er reddet. Bytt kortet.",
    ),
    "store-newer": Text(
        "The database belongs to a newer version of the program ({detail}). Install that version.",
        "Databasen hører til en nyere versjon av programmet ({detail}). Installer den versjonen.",
    ),
    "store-in-use": Text(
        "Another gateway uses this store already. Stop it first, or choose another directory.",
        "En annen gateway bruker allerede dette lageret. Stopp den først, eller velg en annen katalog.",
    ),
    "store-unusable": Text(
        "The store's directory cannot be used: {detail}. Check the path and the rights.",
        "Lagerets katalog kan ikke brukes: {detail}. Sjekk sti og rettigheter.",
    ),
    "store-missing": Text(
        "There is no store in {detail} yet. Start the gateway once.",
        "Det finnes ikke noe lager i {detail} ennå. Start gatewayen én gang.",
    ),
    "store-key-missing": Text(
        "The hub's key is missing: {detail}. Restore the backup; a new one would rename known readings.",
        "Hubens nøkkel mangler: {detail}. Hent den fra sikkerhetskopi; en ny ville gitt kjente målinger nye navn.",
    ),
    "store-key-unreadable": Text(
        "The hub's key cannot be read: {detail}. Check the rights of the file.",
        "Hubens nøkkel kan ikke leses: {detail}. Sjekk filens rettigheter.",
    ),
    "store-key-damaged": Text(
        "The hub's key is damaged: {detail}. Restore the backup; a new one would rename known readings.",
        "Hubens nøkkel er skadet: {detail}. Hent den fra sikkerhetskopi; en ny ville gitt kjente målinger nye navn.",
    ),
    "store-key-short": Text(
        "The secret that should seal the hub's keys is too short: {detail}. Make one with at least 16 characters.",
        "Hemmeligheten som skal forsegle hubens nøkler, er for kort: {detail}. Lag en på minst 16 tegn.",
    ),
    "store-key-open": Text(
        "Anybody may read the secret that seals the hub's keys: {detail}. Set its rights to 0600.",
        "Alle kan lese hemmeligheten som forsegler hubens nøkler: {detail}. Sett rettighetene til 0600.",
    ),
    "store-key-sealed": Text(
        "The hub's key is sealed: {detail}. Name the secret in store.key_file again.",
        "Hubens nøkkel er forseglet: {detail}. Oppgi hemmeligheten i store.key_file igjen.",
    ),
    "store-key-wrong": Text(
        "The secret in store.key_file is not the one that sealed the hub's key ({detail}). Restore the right one.",
        "Hemmeligheten i store.key_file er ikke den som forseglet hubens nøkkel ({detail}). Hent tilbake den rette.",
    ),
    "clock-unsynchronised": Text(
        "The hub does not know the time. Readings are kept without a date until it does. Check the network.",
        "Huben vet ikke hva klokken er. Målinger lagres uten dato inntil den gjør det. Sjekk nettet.",
    ),
}
