"""What is on a hub, in words: the data inventory and `privacy show`."""

from gateway.catalogue.text import Text

_WIPE = Text("Until a wipe.", "Til sletting.")
_ALWAYS = Text("As long as the hub is in use.", "Så lenge huben er i bruk.")

TEXTS = {
    "inventory-title": Text("Data inventory (annex to the DPIA)", "Dataoversikt (vedlegg til DPIA)"),
    "inventory-head": Text(
        "Rendered from the code by `scripts/render-config`; a test fails when it is not what the code says. It names "
        "everything that a hub keeps, what it is to the person followed, and how long it stays. A hub knows no name, "
        "number, address or date of birth: the assignment's id is the only thing that ties readings to a person, and "
        "only whoever gave it can. `dho-gateway privacy show` shows how much of each is on one hub now.",
        "Laget av koden med `scripts/render-config`; en test feiler når den ikke stemmer med koden. Den nevner alt en "
        "hub lagrer, hva det er for brukeren, og hvor lenge det blir liggende. En hub kjenner verken navn, "
        "fødselsnummer, adresse eller fødselsdato: tildelingens id er det eneste som knytter målinger til en person, "
        "og bare den som ga den, kan gjøre det. `dho-gateway privacy show` viser hvor mye som ligger på én hub nå.",
    ),
    "inventory-tables": Text("Tables of the database", "Tabeller i databasen"),
    "inventory-table": Text("table", "tabell"),
    "inventory-what": Text("what", "hva"),
    "inventory-category": Text("to the person", "for brukeren"),
    "inventory-sealed": Text("sealed", "forseglet"),
    "inventory-kept": Text("kept", "lagringstid"),
    "inventory-wiped": Text("wiped", "slettes"),
    "inventory-yes": Text("yes", "ja"),
    "inventory-no": Text("no", "nei"),
    "inventory-columns": Text("Columns", "Kolonner"),
    "inventory-fields": Text(
        "Fields of a reading (sealed; sent to the backend)", "Felter i en måling (forseglet; sendes til mottakeren)"
    ),
    "inventory-files": Text("Beside the database", "Ved siden av databasen"),
    "inventory-who": Text("Who can read it", "Hvem kan lese det"),
    "inventory-who-text": Text(
        "The daemon's user and root on the hub; nobody over the network: nothing listens. What is sent goes to the "
        "broker that the configuration names, and to nobody else; there are no sub-processors. How far the seals "
        "protect a stolen card, [README.md](README.md) says plainly.",
        "Tjenestens bruker og root på huben; ingen over nettet: ingenting lytter. Det som sendes, går til megleren som "
        "står i konfigurasjonen, og til ingen andre; det finnes ingen underleverandører. Hvor langt forseglingen "
        "beskytter et stjålet kort, står i [README.md](README.md).",
    ),
    "category-health": Text("health data", "helseopplysning"),
    "category-pseudonym": Text("pseudonymous", "pseudonymt"),
    "category-record": Text("what was done, by role", "hva som ble gjort, etter rolle"),
    "category-technical": Text("nothing", "ingenting"),
    # Tables
    "table-outbox": Text("Readings that nobody has confirmed yet", "Målinger som ikke er bekreftet ennå"),
    "kept-outbox": Text("Until they are confirmed.", "Til de er bekreftet."),
    "table-held": Text(
        "Readings of others, or nobody knows whose", "Målinger fra annen person, eller med usikker tilhørighet"
    ),
    "kept-held": Text(
        "Until somebody releases or deletes them, or a wipe.", "Til noen frigir eller sletter dem, eller til sletting."
    ),
    "table-aside": Text("Readings that were refused for good", "Målinger som mottakeren har avvist"),
    "kept-aside": _WIPE,
    "table-frame": Text(
        "Raw bytes of acts that are not complete, or that nobody can read",
        "Rådata fra målinger som ikke er ferdige, eller ikke kan leses",
    ),
    "kept-frame": Text(
        "Until the act is complete; the newest 1,000 unreadable ones until a wipe.",
        "Til målingen er ferdig; de 1000 nyeste uleselige til sletting.",
    ),
    "table-reading": Text(
        "Places in the sequence and keyed names of readings", "Plass i rekkefølgen og nøklet navn på målinger"
    ),
    "kept-reading": Text("The newest 100,000, until a wipe.", "De 100 000 nyeste, til sletting."),
    "table-gone": Text(
        "Keyed names of held readings that were deleted", "Nøklede navn på tilbakeholdte målinger som er slettet"
    ),
    "kept-gone": _WIPE,
    "table-undated": Text(
        "What is needed to date readings that came while the hub did not know the time",
        "Det som trengs for å tidfeste målinger som kom mens huben ikke visste tiden",
    ),
    "kept-undated": Text("Until the hub knows the time.", "Til huben vet tiden."),
    "table-assignment": Text(
        "Assignments: an opaque id, a purpose, no person", "Tildelinger: en ugjennomsiktig id, et formål, ingen person"
    ),
    "kept-assignment": _WIPE,
    "table-span": Text("The periods of assignments", "Periodene i tildelinger"),
    "kept-span": _WIPE,
    "table-assignment_history": Text("What was done with assignments", "Hva som er gjort med tildelinger"),
    "kept-assignment_history": _WIPE,
    "table-tenure": Text(
        "Which device served which assignment, and what its memory held before",
        "Hvilken enhet som tjente hvilken tildeling, og hva minnet holdt før",
    ),
    "kept-tenure": _WIPE,
    "table-visit": Text("Windows in which a visitor measured", "Tidsrom da en besøkende målte"),
    "kept-visit": _WIPE,
    "table-audit": Text("Who did what, in a chain", "Hvem gjorde hva, i en kjede"),
    "kept-audit": _ALWAYS,
    "table-deviation": Text("What went wrong with readings", "Avvik med målinger"),
    "kept-deviation": _ALWAYS,
    "table-deviation_count": Text("How many readings each concerns", "Hvor mange målinger hvert avvik gjelder"),
    "kept-deviation_count": _ALWAYS,
    "table-deviation_closing": Text(
        "Who closed each, and what was done", "Hvem som lukket avviket, og hva som ble gjort"
    ),
    "kept-deviation_closing": _ALWAYS,
    "table-certificate": Text("Signed proofs of wipes", "Signerte slettebevis"),
    "kept-certificate": _ALWAYS,
    "table-act": Text("What was asked of the hub, and its answers", "Hva huben er bedt om, og svarene"),
    "kept-act": Text("The newest 500, until a wipe.", "De 500 nyeste, til sletting."),
    "table-event": Text("Events that no broker has yet", "Hendelser ingen megler har ennå"),
    "kept-event": Text("Until a broker has them.", "Til en megler har dem."),
    "table-equipment": Text("The register of instruments", "Utstyrsregisteret"),
    "kept-equipment": _ALWAYS,
    "table-device": Text(
        "What instruments tell of themselves, their serial number among it",
        "Det enheter forteller om seg selv, også serienummer",
    ),
    "kept-device": _ALWAYS,
    "table-void": Text(
        "Places in the sequence that will not be delivered", "Plasser i rekkefølgen som ikke blir levert"
    ),
    "kept-void": Text("With the places themselves.", "Sammen med plassene selv."),
    "table-fact": Text(
        "Small facts of the hub: its epoch, the latest known time, heads of chains",
        "Små fakta om huben: epoke, siste kjente tid, kjedehoder",
    ),
    "kept-fact": _ALWAYS,
    # Columns
    "column-action": Text("what was done", "hva som ble gjort"),
    "column-asked_at": Text("when it was asked for", "når det ble bedt om"),
    "column-assignment": Text("opaque id of the assignment", "tildelingens ugjennomsiktige id"),
    "column-at": Text("when", "når"),
    "column-at_broker": Text("how often a broker has taken it", "hvor ofte en megler har tatt den"),
    "column-baseline": Text(
        "what the memory held before: numbers and keyed names", "hva minnet holdt før: numre og nøklede navn"
    ),
    "column-boot": Text("which start of the machine", "hvilken oppstart av maskinen"),
    "column-cause": Text("why, as a fixed word", "hvorfor, som fast ord"),
    "column-channel": Text("where the bytes came from on the device", "hvor på enheten dataene kom fra"),
    "column-checked_at": Text("when it was looked after", "når den ble sjekket"),
    "column-checked_by": Text("in which role", "i hvilken rolle"),
    "column-cursor": Text("highest record number read", "høyeste leste løpenummer"),
    "column-data": Text("raw bytes", "rådata"),
    "column-device": Text("keyed name of the device", "enhetens nøklede navn"),
    "column-device_time": Text("the device's own time", "enhetens egen tid"),
    "column-digest": Text("check sum of the record", "oppføringens sjekksum"),
    "column-document": Text("the message", "meldingen"),
    "column-earliest": Text("a moment certainly before", "et tidspunkt sikkert før"),
    "column-end": Text("until when", "til når"),
    "column-episode": Text("what is counted together", "hva som telles sammen"),
    "column-faulty": Text("whether the device's clock was wrong", "om enhetens klokke var feil"),
    "column-fields": Text("more, without values or persons", "mer, uten verdier og personer"),
    "column-first": Text("from which place", "fra hvilken plass"),
    "column-fix_device": Text("the device's clock when it was read", "enhetens klokke da den ble lest"),
    "column-fix_monotonic": Text("when it was read, since the start", "når den ble lest, siden oppstart"),
    "column-frames": Text("raw bytes of the reading", "målingens rådata"),
    "column-hub_clock": Text("how far the hub's clock was trusted", "hvor sikker hubens klokke var"),
    "column-id": Text("keyed or opaque name", "nøklet eller ugjennomsiktig navn"),
    "column-installed_at": Text("when it was put to use", "når den ble tatt i bruk"),
    "column-installed_by": Text("in which role", "i hvilken rolle"),
    "column-kind": Text("kind of reading or device", "type måling eller enhet"),
    "column-last": Text("to which place", "til hvilken plass"),
    "column-monotonic": Text("seconds since the start", "sekunder siden oppstart"),
    "column-name": Text(
        "a fixed word, or the installer's word for a device", "et fast ord, eller installatørens navn på en enhet"
    ),
    "column-number": Text("running number", "løpenummer"),
    "column-outcome": Text("what became of it", "hva utfallet ble"),
    "column-params": Text("what was asked for", "hva det ble bedt om"),
    "column-paused_until": Text("until when no readings are expected", "til når ingen målinger ventes"),
    "column-payload": Text("the reading", "målingen"),
    "column-place": Text("order", "rekkefølge"),
    "column-purpose": Text("one of a few fixed words", "ett av noen faste ord"),
    "column-readings": Text("how many readings", "hvor mange målinger"),
    "column-reason": Text("why", "hvorfor"),
    "column-received_at": Text("when it came", "når det kom"),
    "column-record": Text("the record", "oppføringen"),
    "column-ref": Text("keyed name of the device", "enhetens nøklede navn"),
    "column-replaced_by": Text("keyed name of its successor", "etterfølgerens nøklede navn"),
    "column-result": Text("the answer", "svaret"),
    "column-retired_at": Text("when it was taken out of use", "når den ble tatt ut av bruk"),
    "column-role": Text("in which role somebody acted", "i hvilken rolle noen handlet"),
    "column-seq": Text("place in the sequence", "plass i rekkefølgen"),
    "column-since": Text("from when", "fra når"),
    "column-start": Text("from when", "fra når"),
    "column-state": Text("how far it has come", "hvor langt det er kommet"),
    "column-status": Text("foreign or uncertain", "fra annen person eller usikker"),
    "column-stored": Text("whether it came from the device's memory", "om den kom fra enhetens minne"),
    "column-stored_at": Text("when it was stored", "når den ble lagret"),
    "column-told": Text("how many notices were given", "hvor mange varsler som er gitt"),
    "column-twin": Text(
        "maker, model, versions, battery, serial number", "produsent, modell, versjoner, batteri, serienummer"
    ),
    "column-type": Text("kind, as a fixed word", "type, som fast ord"),
    "column-until": Text("until when", "til når"),
    "column-users": Text("user slots of the device", "brukerplasser på enheten"),
    "column-value": Text("the fact", "verdien av faktumet"),
    "column-what": Text("what was done, as a fixed word", "hva som ble gjort, som fast ord"),
    # Fields of a reading
    "field-id": Text("keyed name of the reading", "målingens nøklede navn"),
    "field-hub": Text("which hub", "hvilken hub"),
    "field-epoch": Text("which database of the hub", "hvilken database på huben"),
    "field-seq": Text("place in the sequence", "plass i rekkefølgen"),
    "field-boot": Text("which start of the machine", "hvilken oppstart av maskinen"),
    "field-assignment": Text("opaque id of the assignment", "tildelingens ugjennomsiktige id"),
    "field-device": Text("keyed name, kind, model and firmware", "nøklet navn, type, modell og programvare"),
    "field-measured_at": Text("when it was measured", "når det ble målt"),
    "field-time": Text("how that is known, and how well", "hvordan det er kjent, og hvor sikkert"),
    "field-received_at": Text("when it came to the hub", "når den kom til huben"),
    "field-origin": Text("live or from memory", "direkte eller fra minnet"),
    "field-acquisition": Text("by itself, by hand, at a visit", "automatisk, manuelt, ved besøk"),
    "field-values": Text("what was measured", "det som ble målt"),
    "field-quality": Text("what the device said of it", "det enheten sa om den"),
    "field-attribution": Text(
        "whose it is held to be, and how that is known", "hvem den holdes for å tilhøre, og hvordan det er kjent"
    ),
    "field-simulated": Text("whether it is only a demonstration", "om det bare er en demonstrasjon"),
    "field-schema": Text("version of the form", "versjon av formen"),
    # Files
    "file-store.key": Text("The key that seals what is measured.", "Nøkkelen som forsegler det som er målt."),
    "kept-store.key": Text("Until a wipe, which destroys it.", "Til sletting, som ødelegger den."),
    "file-id.key": Text("The key that names readings and devices.", "Nøkkelen som navngir målinger og enheter."),
    "kept-id.key": _ALWAYS,
    "file-sign.key": Text("The key that signs proofs of wipes.", "Nøkkelen som signerer slettebevis."),
    "kept-sign.key": _ALWAYS,
    "file-epochs": Text("The epochs of the database.", "Databasens epoker."),
    "kept-epochs": _ALWAYS,
    "file-lock": Text("Empty; who holds it owns the store.", "Tom; den som holder den, eier lageret."),
    "kept-lock": _ALWAYS,
    "file-quarantine": Text("Damaged databases, sealed as they were.", "Skadede databaser, forseglet som de var."),
    "kept-quarantine": Text("Until somebody takes them away, or a wipe.", "Til noen tar dem bort, eller til sletting."),
    "file-configuration": Text(
        "Names of devices (no persons), addresses of devices, the broker.",
        "Navn på enheter (ingen personer), enhetenes adresser, megleren.",
    ),
    "kept-configuration": Text(
        "As long as the hub is in use; a wipe leaves it.", "Så lenge huben er i bruk; sletting rører den ikke."
    ),
    "file-log": Text(
        "The journal: events, without values, addresses or persons.",
        "Journalen: hendelser, uten verdier, adresser eller personer.",
    ),
    "kept-log": Text("As the system's journal is set up.", "Slik systemets journal er satt opp."),
    # privacy show
    "privacy-table": Text(
        "{name}: {rows} row(s), {category}{sealed}. {what}. {kept}{oldest}",
        "{name}: {rows} rad(er), {category}{sealed}. {what}. {kept}{oldest}",
    ),
    "privacy-sealed": Text(", sealed", ", forseglet"),
    "privacy-oldest": Text(" Oldest: {at}.", " Eldste: {at}."),
    "privacy-empty": Text("Nothing in: {names}.", "Ingenting i: {names}."),
    "privacy-files": Text("Files: {names}.", "Filer: {names}."),
    "privacy-key": Text("Keys: {where}.", "Nøkler: {where}."),
    "privacy-key-bare": Text("in the store's directory, not sealed", "i lagerets katalog, ikke forseglet"),
    "privacy-key-outer": Text(
        "in the store's directory, sealed by {key_file}", "i lagerets katalog, forseglet med {key_file}"
    ),
}
