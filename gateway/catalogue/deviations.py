"""Deviations: what happened, and whose next step it is."""

from gateway.catalogue.text import Text

TEXTS = {
    "deviation-lost": Text(
        "Readings will not reach the backend. Support finds out why, and whether they can be taken again.",
        "Målinger når ikke mottakeren. Brukerstøtte finner årsaken, og om de kan tas på nytt.",
    ),
    "deviation-late": Text(
        "Readings have waited long for their confirmation. Support checks the network and the backend.",
        "Målinger har ventet lenge på bekreftelse. Brukerstøtte sjekker nettet og mottakeren.",
    ),
    "deviation-foreign": Text(
        "A device brought readings of somebody else. They are held back. The coordinator finds out who used it.",
        "En enhet hadde målinger fra annen person. De er holdt tilbake. Koordinator finner ut hvem som brukte den.",
    ),
    "deviation-unattributed": Text(
        "Nobody knows whose these readings are. They are held back. The coordinator releases or deletes them.",
        "Målinger med usikker tilhørighet er holdt tilbake. Koordinator frigir eller sletter dem.",
    ),
    "deviation-clock": Text(
        "Readings were sent without a time, since a clock is wrong. The installer sets the device's clock.",
        "Målinger er sendt uten tidspunkt på grunn av klokkefeil. Installatør stiller enhetens klokke.",
    ),
    "deviation-undecodable": Text(
        "A device sent bytes that nobody can read; they may be readings. Support looks at them.",
        "En enhet sendte data som ikke kan leses; de kan være målinger. Brukerstøtte ser på dem.",
    ),
    "deviation-personal-data": Text(
        "A message seemed to point to a person, and was not sent. The coordinator removes the cause.",
        "En melding så ut til å peke på en person, og ble ikke sendt. Koordinator fjerner årsaken.",
    ),
    "deviation-wipe": Text(
        "A wipe did not get through. Support does it again, or destroys the card.",
        "En sletting ble ikke fullført. Brukerstøtte gjentar den, eller ødelegger kortet.",
    ),
    "deviation-forced": Text(
        "Somebody did by force what the hub advised against. The coordinator notes why.",
        "Noen tvang gjennom noe huben frarådet. Koordinator noterer hvorfor.",
    ),
    "deviation-equipment": Text(
        "A device was replaced or retired. The coordinator updates the equipment register.",
        "En enhet er byttet eller tatt ut av bruk. Koordinator oppdaterer utstyrsregisteret.",
    ),
    "deviation-not-open": Text(
        "There is no open deviation with number {detail}. `dho-gateway deviation list` shows them.",
        "Det finnes ikke noe åpent avvik med nummer {detail}. `dho-gateway deviation list` viser dem.",
    ),
    "deviation-line": Text(
        "No. {number}: {type} ({cause}), {readings} reading(s), {at}, owner {owner}, {state}. {text}",
        "Nr. {number}: {type} ({cause}), {readings} måling(er), {at}, ansvarlig {owner}, {state}. {text}",
    ),
    "deviation-none": Text("No deviations.", "Ingen avvik."),
    "deviation-time-unknown": Text("time unknown", "ukjent tid"),
    "deviation-open": Text("open", "åpent"),
    "deviation-closed": Text("closed", "lukket"),
    "role-hub": Text("the hub", "huben"),
    "role-coordinator": Text("coordinator", "koordinator"),
    "role-installer": Text("installer", "installatør"),
    "role-nurse": Text("nurse", "sykepleier"),
    "role-support": Text("support", "brukerstøtte"),
    "role-auditor": Text("auditor", "revisor"),
    "role-integrator": Text("integrator", "systemleverandør"),
    "audit-whole": Text(
        "The audit log is whole: {records} record(s). Head: {head}",
        "Revisjonsloggen er hel: {records} oppføring(er). Hode: {head}",
    ),
    "audit-altered": Text(
        "Record {first} was altered. Take the card out of use, and call support.",
        "Oppføring {first} er endret. Ta kortet ut av bruk, og kontakt brukerstøtte.",
    ),
    "audit-missing": Text(
        "Records {first} to {last} are missing. Take the card out of use, and call support.",
        "Oppføring {first} til {last} mangler. Ta kortet ut av bruk, og kontakt brukerstøtte.",
    ),
    "audit-misplaced": Text(
        "Records {first} to {last} do not belong here. Take the card out of use, and call support.",
        "Oppføring {first} til {last} hører ikke hjemme her. Ta kortet ut av bruk, og kontakt brukerstøtte.",
    ),
    "audit-head-not-held": Text(
        "The record noted earlier ({detail}) is not in the log: the log was rewritten. Call support.",
        "Oppføringen som ble notert før ({detail}), finnes ikke: loggen er skrevet om. Kontakt brukerstøtte.",
    ),
    "audit-bad-head": Text(
        "{detail} is no head. It has the form NUMBER:DIGEST, as the hub publishes it.",
        "{detail} er ikke et hode. Formen er NUMMER:SUM, slik huben publiserer det.",
    ),
    "audit-none": Text("No records.", "Ingen oppføringer."),
}
