"""What the reference receiver says."""

from gateway.catalogue.text import Text

TEXTS = {
    "receiver-connected": Text("Connected to the broker. Listening.", "Koblet til megleren. Lytter."),
    "receiver-disconnected": Text("No connection to the broker. {text}", "Ingen forbindelse til megleren. {text}"),
    "receiver-subscription-refused": Text(
        "The broker does not let the receiver listen. Correct the broker's access list for its user.",
        "Megleren lar ikke mottakeren lytte. Rett tilgangslisten for brukeren dens hos megleren.",
    ),
    "receiver-reading-received": Text("{hub}: reading {seq} ({kind}) stored.", "{hub}: måling {seq} ({kind}) lagret."),
    "receiver-reading-doubled": Text(
        "{hub}: reading {seq} ({kind}) came again; it is stored once.",
        "{hub}: måling {seq} ({kind}) kom igjen; den er lagret én gang.",
    ),
    "receiver-reading-conflict": Text(
        "!!! {hub}: reading {seq} contradicts what is stored ({reason}). It is kept aside. Report this hub.",
        "!!! {hub}: måling {seq} strider mot det som er lagret ({reason}). Den er lagt til side. Meld fra om huben.",
    ),
    "receiver-void-received": Text(
        "{hub}: readings {from} to {to} will not come ({reason}).",
        "{hub}: måling {from} til {to} kommer ikke ({reason}).",
    ),
    "receiver-amend-received": Text(
        "{hub}: a reading is now marked {status} ({reason}).", "{hub}: en måling er nå merket {status} ({reason})."
    ),
    "receiver-message-refused": Text(
        "A message on {topic} is not of the contract, at {place}: {reason}. It is kept aside.",
        "En melding på {topic} følger ikke kontrakten, ved {place}: {reason}. Den er lagt til side.",
    ),
    "receiver-gap-asked": Text(
        "{hub}: readings {from} to {to} are missing; the hub is asked for them.",
        "{hub}: måling {from} til {to} mangler; huben blir spurt om dem.",
    ),
    "receiver-ack-refused": Text(
        "{hub}: the broker does not let the receiver confirm. {text}",
        "{hub}: megleren lar ikke mottakeren bekrefte. {text}",
    ),
    "receiver-ledger-match": Text(
        "{hub}: ledger {from} to {to} matches. All is here.",
        "{hub}: regnskap {from} til {to} stemmer. Alt er kommet.",
    ),
    "receiver-ledger-incomplete": Text(
        "{hub}: ledger {from} to {to}: missing {missing}.", "{hub}: regnskap {from} til {to}: mangler {missing}."
    ),
    "receiver-ledger-mismatch": Text(
        "!!! {hub}: ledger {from} to {to} does not match what is stored. Report this hub.",
        "!!! {hub}: regnskap {from} til {to} stemmer ikke med det som er lagret. Meld fra om huben.",
    ),
    "receiver-summary": Text(
        "Received {received}, doubles {doubles}, voids {voids}, missing {missing}, refused {refused}, contradictions "
        "{conflicts}. Stored in all: {stored}.",
        "Mottatt {received}, doble {doubles}, annullerte {voids}, mangler {missing}, avvist {refused}, motstridende "
        "{conflicts}. Lagret i alt: {stored}.",
    ),
    "receiver-database": Text(
        "The receiver's database cannot be used: {detail}. Check its path, its rights and the disk.",
        "Mottakerens database kan ikke brukes: {detail}. Sjekk sti, rettigheter og disk.",
    ),
    "receiver-needs": Text(
        "{option} is needed, unless --config gives it.", "{option} trengs, hvis ikke --config oppgir det."
    ),
    "receiver-plaintext": Text(
        "Plain text is refused for any host but this machine itself. Use TLS (--ca-file).",
        "Ukryptert forbindelse avvises for andre enn denne maskinen selv. Bruk TLS (--ca-file).",
    ),
}
