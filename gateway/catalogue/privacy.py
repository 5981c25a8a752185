"""What points to a person and has no place on a hub."""

from gateway.catalogue.text import Text

TEXTS = {
    "personal-national-number": Text(
        "This looks like a national identity number. Remove it: the hub must not know persons.",
        "Dette ligner et fødselsnummer eller D-nummer. Fjern det: huben skal ikke kjenne personer.",
    ),
    "personal-phone-number": Text(
        "This looks like a phone number. Remove it, or use a number with fewer digits.",
        "Dette ligner et telefonnummer. Fjern det, eller bruk et nummer med færre siffer.",
    ),
    "personal-e-mail-address": Text(
        "This looks like an e-mail address. Remove it: the hub must not know persons.",
        "Dette ligner en e-postadresse. Fjern den: huben skal ikke kjenne personer.",
    ),
    "personal-street-address": Text(
        "This looks like a street address. Remove it: the hub must not know where it stands.",
        "Dette ligner en gateadresse. Fjern den: huben skal ikke vite hvor den står.",
    ),
    "personal-birth-date": Text(
        "This looks like a date of birth. Remove it: the hub must not know persons.",
        "Dette ligner en fødselsdato. Fjern den: huben skal ikke kjenne personer.",
    ),
    "personal-position": Text(
        "This looks like a position on a map. Remove it: the hub must not know where it stands.",
        "Dette ligner en kartposisjon. Fjern den: huben skal ikke vite hvor den står.",
    ),
    "personal-person-name": Text(
        "This looks like the name of a person. Use one word, or small letters, such as stuevekt.",
        "Dette ligner et personnavn. Bruk ett ord, eller små bokstaver, for eksempel stuevekt.",
    ),
}
