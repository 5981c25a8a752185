"""Mistakes in a configuration file."""

from gateway.catalogue.text import Text

TEXTS = {
    "config-not-toml": Text(
        "The file is not valid TOML: {detail}. Correct it at that place.",
        "Filen er ikke gyldig TOML: {detail}. Rett den der.",
    ),
    "config-not-utf8": Text(
        "The file is not UTF-8 text (byte {offset}). Save it as UTF-8.",
        "Filen er ikke tekst i UTF-8 (byte {offset}). Lagre den som UTF-8.",
    ),
    "config-missing": Text("This key is missing. Add it.", "Nøkkelen mangler. Legg den til."),
    "config-unknown-key": Text(
        "Unknown key. Check the spelling, or remove it.", "Ukjent nøkkel. Sjekk stavemåten, eller fjern den."
    ),
    "config-missing-transport": Text(
        'The device lacks its transport. Add transport = "ble" or "serial".',
        'Enheten mangler transport. Legg til transport = "ble" eller "serial".',
    ),
    "config-unknown-transport": Text(
        'Unknown transport. Use "ble" or "serial".', 'Ukjent transport. Bruk "ble" eller "serial".'
    ),
    "config-form": Text(
        "The value has the wrong form. It must match {detail}.", "Verdien har feil form. Den må passe med {detail}."
    ),
    "config-value": Text("The value does not fit: {detail}. Correct it.", "Verdien passer ikke: {detail}. Rett den."),
    "config-unknown-timezone": Text(
        'Unknown time zone. Use a name such as "Europe/Oslo".', 'Ukjent tidssone. Bruk et navn som "Europe/Oslo".'
    ),
    "config-unstable-port": Text(
        "This name can change at the next start. Use the stable name under /dev/serial/by-id or by-path "
        "(`dho-gateway ports` shows it).",
        "Dette navnet kan skifte ved neste oppstart. Bruk det faste navnet under /dev/serial/by-id eller by-path "
        "(`dho-gateway ports` viser det).",
    ),
    "config-plaintext-not-loopback": Text(
        "Plain text to {host} is refused: readings would travel unprotected. Remove insecure_plaintext and use TLS.",
        "Ukryptert forbindelse til {host} avvises: målinger ville gått ubeskyttet. Fjern insecure_plaintext, bruk TLS.",
    ),
    "config-needs-partner": Text(
        "{partner} is set, so this key is needed too.", "{partner} er satt, så denne nøkkelen trengs også."
    ),
    "config-repeated": Text(
        "The same value as in {first}. Each device needs its own.",
        "Samme verdi som i {first}. Hver enhet må ha sin egen.",
    ),
    "config-unknown-driver": Text(
        'There is no driver "{driver}". `dho-gateway drivers` lists them.',
        "Det finnes ingen driver «{driver}». `dho-gateway drivers` lister dem.",
    ),
    "config-wrong-transport": Text(
        'Driver "{driver}" speaks {transport}. Correct the transport or the driver.',
        "Driveren «{driver}» bruker {transport}. Rett transport eller driver.",
    ),
    "config-unknown-mode": Text("Unknown mode. This driver has: {modes}.", "Ukjent modus. Driveren har: {modes}."),
    "config-no-credentials": Text(
        "{name} needs systemd's credentials, and there are none. Start as a service, or name a file.",
        "{name} krever systemd-legitimasjon, og den finnes ikke. Start som tjeneste, eller oppgi en fil.",
    ),
    "config-opt-in": Text(
        'Driver "{driver}" is unofficial or hardly verified. To use it all the same, name it in drivers.opt_in.',
        "Driveren «{driver}» er uoffisiell eller lite utprøvd. Vil du likevel bruke den, før den opp i drivers.opt_in.",
    ),
    "config-driver-absent": Text(
        'No installed package provides a driver "{driver}". Install it, or remove the name.',
        "Ingen installert pakke har driveren «{driver}». Installer den, eller fjern navnet.",
    ),
    "config-driver-twice": Text(
        'Two packages provide a driver "{driver}". Uninstall one.', "To pakker har driveren «{driver}». Avinstaller én."
    ),
    "config-driver-no-driver": Text(
        '"{driver}" is not a driver. Ask its maker for a version for this gateway.',
        "«{driver}» er ikke en driver. Be produsenten om en versjon for denne løsningen.",
    ),
    "config-unreadable": Text(
        "The file cannot be read: {detail}. Check the path and the rights.",
        "Filen kan ikke leses: {detail}. Sjekk sti og rettigheter.",
    ),
}
