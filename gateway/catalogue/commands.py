"""Remote commands: why one was refused."""

from gateway.catalogue.text import Text

TEXTS = {
    "command-unknown": Text(
        "The hub does not know this command. See the list in the README of its version.",
        "Huben kjenner ikke denne kommandoen. Se listen i README for dens versjon.",
    ),
    "command-malformed": Text(
        "The command is not of the contract. Correct its content, and send it under a new number.",
        "Kommandoen følger ikke kontrakten. Rett innholdet, og send den med et nytt nummer.",
    ),
    "command-expired": Text(
        "The command came too late. Send it again with a later time of expiry.",
        "Kommandoen kom for sent. Send den på nytt med et senere utløpstidspunkt.",
    ),
    "command-expires-late": Text(
        "The command may be valid for seven days at most. Send it with an earlier time of expiry.",
        "Kommandoen kan være gyldig i høyst sju dager. Send den med et tidligere utløpstidspunkt.",
    ),
    "command-clock-unknown": Text(
        "The hub does not know the time, so it cannot tell whether the command is still valid. Try again later.",
        "Huben vet ikke hva klokken er, og dermed ikke om kommandoen fortsatt gjelder. Prøv igjen senere.",
    ),
    "command-id-used": Text(
        "Another command was sent under the same number. Use a number of its own for each.",
        "En annen kommando er sendt med samme nummer. Bruk et eget nummer for hver.",
    ),
    "ledger-empty": Text(
        "No reading has any of these places, or all of them are too long ago.",
        "Ingen måling har noen av disse plassene, eller de er for gamle.",
    ),
}
