"""Why an act was refused, and what the commands say of acts."""

from gateway.catalogue.text import Text

TEXTS = {
    "act-unknown": Text(
        'This hub knows no act "{detail}". Its program is older: update it.',
        "Huben kjenner ikke handlingen «{detail}». Programmet er eldre: oppdater det.",
    ),
    "act-role": Text(
        "This role may not do that. Allowed: {detail}.", "Denne rollen kan ikke gjøre dette. Tillatt: {detail}."
    ),
    "act-parameter": Text(
        "What was given does not fit: {detail}. See --help.", "Det som ble oppgitt, passer ikke: {detail}. Se --help."
    ),
    "act-clock-unknown": Text(
        "The hub does not know the time. Connect it to the network, or give it with --at (--start for a new one).",
        "Huben vet ikke hva klokken er. Koble den til nettet, eller oppgi tiden med --at (--start for en ny).",
    ),
    "act-clock-known": Text(
        "The hub knows the time itself. Leave --at out.", "Huben vet selv hva klokken er. Utelat --at."
    ),
    "act-at-past": Text(
        "The hub knows that this time is past. Give the time it is now.",
        "Huben vet at dette tidspunktet er forbi. Oppgi hva klokken er nå.",
    ),
    "act-unknown-device": Text(
        'The configuration has no device "{detail}". Use the name that stands there.',
        "Konfigurasjonen har ingen enhet «{detail}». Bruk navnet som står der.",
    ),
    "act-id-used": Text(
        "Another act has this id already. Give a new one.", "En annen handling har allerede denne id-en. Oppgi en ny."
    ),
    "act-other-version": Text(
        "The gateway that runs is of another version. Restart it, then try again.",
        "Gatewayen som kjører, er av en annen versjon. Start den på nytt, og prøv igjen.",
    ),
    "act-no-answer": Text(
        "The gateway did not answer in ten seconds. Nothing was done. Restart it, then try again.",
        "Gatewayen svarte ikke innen ti sekunder. Ingenting ble gjort. Start den på nytt, og prøv igjen.",
    ),
    "act-goes-on": Text(
        "It has begun and goes on. Ask again later.", "Det er begynt og fortsetter. Spør igjen senere."
    ),
    "act-withdrawn": Text("It was taken back before it began.", "Det ble trukket tilbake før det begynte."),
    "act-waiting": Text("Waiting for the gateway: {seconds} s ...", "Venter på gatewayen: {seconds} s ..."),
    "act-other-user": Text(
        "The store belongs to another user. Run this as {detail}, or as root.",
        "Lageret tilhører en annen bruker. Kjør dette som {detail}, eller som root.",
    ),
}
