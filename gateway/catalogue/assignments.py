"""Assignments, held readings, visits and equipment."""

from gateway.catalogue.text import Text

_MONTHS = (
    ("Jan", "jan."), ("Feb", "feb."), ("Mar", "mars"), ("Apr", "apr."), ("May", "mai"), ("June", "juni"),
    ("July", "juli"), ("Aug", "aug."), ("Sept", "sep."), ("Oct", "okt."), ("Nov", "nov."), ("Dec", "des."),
)  # fmt: skip

TEXTS = {
    **{f"month-{number}": Text(*names) for number, names in enumerate(_MONTHS, start=1)},
    "day": Text("{day} {month} {year}", "{day}. {month} {year}"),
    "moment": Text("{day} {month} {year} {hour}:{minute}", "{day}. {month} {year} kl. {hour}.{minute}"),
    # Why an act was refused.
    "assignment-id": Text(
        "This is no assignment id. It is asg- and 6 to 40 letters and digits.",
        "Dette er ingen tildelings-id. Den er asg- og 6 til 40 bokstaver og sifre.",
    ),
    "assignment-id-personal": Text(
        "This id looks like a name or a person's number. Draw a new one at random.",
        "Denne id-en ligner et navn eller et personnummer. Trekk en ny, tilfeldig.",
    ),
    "assignment-id-used": Text(
        "This id was used before on this hub. Each person and each period needs a new one.",
        "Denne id-en er brukt før på huben. Hver bruker og hver periode trenger en ny.",
    ),
    "assignment-open": Text(
        "Another assignment is not finished: {detail}. Extend, convert, transfer or end it first.",
        "En annen tildeling er ikke avsluttet: {detail}. Forleng, gjør om, overfør eller avslutt den først.",
    ),
    "assignment-overlaps": Text(
        "It would begin before the last one ended. Choose a later start.",
        "Den ville begynt før den forrige var slutt. Velg en senere oppstart.",
    ),
    "assignment-start-past": Text(
        "The start lies in the past. Readings from before are another person's. Leave out --start.",
        "Oppstart ligger i fortiden. Målinger fra før er en annens. Utelat --start.",
    ),
    "assignment-end-past": Text(
        "The end would not come after the start, or is past already. Choose a later one.",
        "Slutten kommer ikke etter oppstart, eller er alt passert. Velg en senere.",
    ),
    "assignment-pause-past": Text(
        "The pause would be over already. Choose a day that is still to come.",
        "Pausen ville alt vært over. Velg en dag som kommer.",
    ),
    "assignment-ended": Text(
        "The assignment {detail} has ended. Create a new one, with a new id.",
        "Tildelingen {detail} er avsluttet. Opprett en ny, med ny id.",
    ),
    "assignment-unknown": Text(
        "This hub knows no assignment of that id. `dho-gateway assignment history` shows those it knows.",
        "Huben kjenner ingen tildeling med den id-en. `dho-gateway assignment history` viser dem den kjenner.",
    ),
    "assignment-not-active": Text(
        "The assignment collects nothing now. Extend it, or wait for its start.",
        "Tildelingen samler ikke inn noe nå. Forleng den, eller vent på oppstart.",
    ),
    "assignment-visit-device": Text(
        '"{detail}" is a visitor\'s own device. It serves no assignment; see `dho-gateway visit`.',
        "«{detail}» er besøkendes egen enhet. Den inngår ikke i en tildeling; se `dho-gateway visit`.",
    ),
    "equipment-retired": Text(
        '"{detail}" was taken out of use. Configure another instrument.',
        "«{detail}» er tatt ut av bruk. Sett opp et annet instrument.",
    ),
    "equipment-same": Text(
        "Old and new are the same instrument. On the same port, use `dho-gateway equipment give`.",
        "Gammelt og nytt er samme instrument. På samme port: bruk `dho-gateway equipment give`.",
    ),
    "equipment-idle": Text(
        '"{detail}" serves no assignment. There is nothing to take.',
        "«{detail}» inngår ikke i noen tildeling. Det er ingenting å ta ut.",
    ),
    "held-unknown": Text(
        "No such reading is held back. `dho-gateway held list` shows those that are.",
        "Ingen slik måling holdes tilbake. `dho-gateway held list` viser dem som gjør det.",
    ),
    "held-which": Text(
        "Say which readings: ids, or --device, --status or --because.",
        "Oppgi hvilke målinger: id-er, eller --device, --status eller --because.",
    ),
    # Assignments.
    "assignment-none": Text(
        "There is no assignment on this hub. `dho-gateway assignment create` begins one.",
        "Det er ingen tildeling på huben. `dho-gateway assignment create` starter en.",
    ),
    "assignment-line": Text(
        "{id}: {state}, {purpose}, from {start} until {end}.", "{id}: {state}, {purpose}, fra {start} til {end}."
    ),
    "assignment-line-open": Text("{id}: {state}, {purpose}, from {start}.", "{id}: {state}, {purpose}, fra {start}."),
    "assignment-paused": Text("Paused until {until}.", "Pause til {until}."),
    "assignment-device-taken": Text("  {device}: in use.", "  {device}: i bruk."),
    "assignment-device-pending": Text(
        "  {device}: in use; what it remembers is still to be read and held back.",
        "  {device}: i bruk; det den husker skal først leses og holdes tilbake.",
    ),
    "assignment-device-ended": Text("  {device}: in use until {until}.", "  {device}: i bruk til {until}."),
    "assignment-done": Text("{at}: {assignment} {what}, by {role}.", "{at}: {assignment} {what}, av {role}."),
    "state-upcoming": Text("not begun", "ikke begynt"),
    "state-active": Text("active", "aktiv"),
    "state-outcome-missing": Text("over, outcome missing", "over, utfall mangler"),
    "state-unknown": Text("state unknown (no time)", "tilstand ukjent (uten tid)"),
    "state-paused": Text("paused", "på pause"),
    "state-ended": Text("ended", "avsluttet"),
    "purpose-follow-up": Text("follow-up", "oppfølging"),
    "purpose-assessment-14-days": Text("14 days' assessment", "14 dagers kartlegging"),
    "purpose-hospital-at-home": Text("hospital at home", "hjemmesykehus"),
    "purpose-rehabilitation": Text("rehabilitation", "rehabilitering"),
    "purpose-training": Text("training", "opplæring"),
    "done-create": Text("created", "opprettet"),
    "done-extend": Text("extended", "forlenget"),
    "done-convert": Text("converted", "gjort om"),
    "done-transfer": Text("transferred", "overført"),
    "done-end": Text("ended", "avsluttet"),
    "done-pause": Text("paused", "satt på pause"),
    "done-resume": Text("resumed", "gjenopptatt"),
    "visit-open": Text(
        "Visit until {until}. What is measured now is marked as measured by a visitor.",
        "Besøk til {until}. Det som måles nå, merkes som målt av besøkende.",
    ),
    # Held readings.
    "held-none": Text("No reading is held back.", "Ingen måling holdes tilbake."),
    "held-count": Text("Held back: {count} reading(s).", "Holdt tilbake: {count} måling(er)."),
    "held-line": Text(
        "{device}: {count} reading(s), {status}: {why} ({reason}).",
        "{device}: {count} måling(er), {status}: {why} ({reason}).",
    ),
    "held-released": Text("Released: {count} reading(s).", "Frigitt: {count} måling(er)."),
    "held-deleted": Text("Deleted: {count} reading(s).", "Slettet: {count} måling(er)."),
    "held-uncertain": Text("uncertain", "usikker tilhørighet"),
    "held-foreign": Text("of another person", "fra annen person"),
    "why-after-end": Text("after the assignment's end", "etter tildelingens slutt"),
    "why-at-the-start": Text("too close to the start to tell", "for nær oppstart til å avgjøre"),
    "why-baseline": Text("remembered by the device before", "husket av enheten fra før"),
    "why-before-assignment": Text("measured before the assignment", "målt før tildelingen"),
    "why-clock-changed": Text("the device's clock was changed", "enhetens klokke er endret"),
    "why-clock-unverified": Text("the device's clock could not be checked", "enhetens klokke kunne ikke sjekkes"),
    "why-device-not-assigned": Text("the device serves no assignment", "enheten inngår ikke i tildelingen"),
    "why-household": Text("others use the device too", "flere bruker enheten"),
    "why-no-assignment": Text("no assignment", "ingen tildeling"),
    "why-other-user": Text("another user slot", "annen brukerplass"),
    "why-outside-visit": Text("outside a visit", "utenfor besøk"),
    "why-retired": Text("the device was taken out of use", "enheten er tatt ut av bruk"),
    "why-undated": Text("its time is unknown", "tidspunktet er ukjent"),
    "why-unknown": Text("reason unknown", "ukjent grunn"),
    "why-user-unknown": Text("the device names no user", "enheten oppgir ingen bruker"),
    "why-visit-memory": Text("remembered by a visitor's device", "husket av besøkendes enhet"),
    # Equipment.
    "equipment-none": Text("There is no equipment.", "Det er ikke noe utstyr."),
    "equipment-line": Text(
        "{device}: {state}, model {model}, serial {serial}, firmware {firmware}, battery {battery}, checked {checked}.",
        "{device}: {state}, modell {model}, serienr. {serial}, fastvare {firmware}, batteri {battery}, sjekket "
        "{checked}.",
    ),
    "equipment-new": Text("new", "ny"),
    "equipment-in-use": Text("in use", "i bruk"),
    "equipment-retired-state": Text("out of use", "tatt ut av bruk"),
    "equipment-check": Text("Noted.", "Notert."),
    "equipment-replace": Text(
        "Replaced. The old one's readings are held back from now on.",
        "Byttet. Målinger fra det gamle holdes tilbake fra nå av.",
    ),
    "equipment-give": Text(
        "In use from now on. What it remembers is held back at first contact.",
        "I bruk fra nå av. Det den husker, holdes tilbake ved første kontakt.",
    ),
    "equipment-take": Text(
        "Out of the assignment. Its readings are held back until it is given again.",
        "Ute av tildelingen. Målingene holdes tilbake til den gis på nytt.",
    ),
}
