"""Finding, pairing and trying Bluetooth devices: what the installer reads."""

from gateway.catalogue.text import Text

TEXTS = {
    # --- what goes on ---
    "device-scan-begin": Text(
        "Listening for {seconds} seconds. Take a measurement with each device now, or press its Bluetooth button.",
        "Lytter i {seconds} sekunder. Gjør en måling med hver enhet nå, eller trykk på Bluetooth-knappen.",
    ),
    "device-scan-end": Text(
        "\nFound: {found}. Other Bluetooth devices around: {others}.",
        "\nFunnet: {found}. Andre Bluetooth-enheter i nærheten: {others}.",
    ),
    "device-begin": Text("Device {name}, driver {driver}.", "Enhet {name}, driver {driver}."),
    "device-measure": Text(
        "Take a measurement, close to the hub. Waiting for the device ...",
        "Gjør en måling, nær huben. Venter på enheten ...",
    ),
    "device-value": Text("The device is sending.", "Enheten sender."),
    "device-nothing": Text(
        "The device was reached, but had nothing to send. Take a measurement.",
        "Enheten ble nådd, men hadde ingenting å sende. Gjør en måling.",
    ),
    "device-test-ok": Text("It works: {values} value(s) came.", "Det virker: {values} verdi(er) kom."),
    "device-pair-begin": Text(
        "Make the device ready to be paired, as its manual says: mostly by holding its button until a sign blinks. "
        "Waiting for it ...",
        "Gjør enheten klar for paring slik bruksanvisningen sier: som oftest ved å holde knappen til et tegn blinker. "
        "Venter på den ...",
    ),
    "device-pair-broken-off": Text(
        "It hung up while it was being paired. Press its button again, close to the hub. Waiting for it ...",
        "Den la på mens den ble paret. Trykk på knappen igjen, nær huben. Venter på den ...",
    ),
    "device-pair-read": Text(
        "Paired. Take a measurement if the device does not send by itself.",
        "Paret. Gjør en måling hvis enheten ikke sender av seg selv.",
    ),
    "device-pair-sleep": Text(
        "First reading done ({values} value(s)). Let the device switch itself off ...",
        "Første avlesning er ferdig ({values} verdi(er)). La enheten slå seg av ...",
    ),
    "device-pair-again": Text(
        "Now measure once more: only a second reading proves the pairing. Waiting for the device ...",
        "Mål nå en gang til: først en ny avlesning beviser paringen. Venter på enheten ...",
    ),
    "device-pair-ok": Text(
        "Paired and proved: {values} value(s) came after the device had slept.",
        "Paret og bevist: {values} verdi(er) kom etter at enheten hadde sovet.",
    ),
    "device-removed": Text(
        "The pairing is ended on the hub. Remove it on the device as well, and its lines from the configuration if it "
        "shall not be read any more.",
        "Paringen er avsluttet på huben. Fjern den på enheten også, og linjene fra konfigurasjonen hvis den ikke skal "
        "leses mer.",
    ),
    "device-lines": Text("Add these lines to the configuration:", "Legg disse linjene til i konfigurasjonen:"),
    # --- questions ---
    "device-code": Text("The code the device shows:", "Koden enheten viser:"),
    "device-same-code": Text("Does the device show {code}? (y/n)", "Viser enheten {code}? (j/n)"),
    "device-type-code": Text("Type {code} on the device.", "Tast {code} på enheten."),
    "device-remove-sure": Text(
        "End the pairing with {device}? It must be paired again before it can be read. (y/n)",
        "Avslutte paringen med {device}? Den må pares på nytt før den kan leses. (j/n)",
    ),
    # --- what is wrong ---
    "device-gateway-runs": Text(
        "The gateway is running, and only one can talk to a device. Stop it (systemctl stop dho-gateway), do this "
        "again, and start it afterwards (systemctl start dho-gateway).",
        "Gatewayen kjører, og bare én kan snakke med en enhet. Stopp den (systemctl stop dho-gateway), gjør dette på "
        "nytt, og start den etterpå (systemctl start dho-gateway).",
    ),
    "device-unknown": Text(
        'No Bluetooth device is called "{detail}" in the configuration. Give its name there, or its address '
        "(dho-gateway device scan).",
        "Ingen Bluetooth-enhet heter «{detail}» i konfigurasjonen. Oppgi navnet der, eller adressen "
        "(dho-gateway device scan).",
    ),
    "device-driver-needed": Text(
        "The device is not in the configuration. Say with --driver how it is read (dho-gateway device scan proposes).",
        "Enheten er ikke i konfigurasjonen. Oppgi med --driver hvordan den leses (dho-gateway device scan foreslår).",
    ),
    "device-driver-unfit": Text(
        'The driver "{detail}" is unknown or not for devices that are connected to (dho-gateway drivers lists them).',
        "Driveren «{detail}» er ukjent eller ikke for enheter det kobles til (dho-gateway drivers viser dem).",
    ),
    "device-silent": Text(
        "The device was not heard. Bring it close to the hub, take a measurement or hold its button, and try again. "
        "Switch off Bluetooth on phones it may talk to instead.",
        "Enheten ble ikke hørt. Ta den nær huben, gjør en måling eller hold knappen, og prøv igjen. Slå av Bluetooth "
        "på telefoner den kanskje snakker med i stedet.",
    ),
    "device-code-needed": Text(
        "The device asks for a code, and nobody can type it here. Give it with --passkey.",
        "Enheten ber om en kode, og ingen kan taste den her. Oppgi den med --passkey.",
    ),
    "device-not-agreed": Text("Nothing was changed.", "Ingenting ble endret."),
    # --- words ---
    "device-paired": Text("paired", "paret"),
    "device-unpaired": Text("not paired", "ikke paret"),
    "device-unlisted": Text("not in the configuration", "ikke i konfigurasjonen"),
    "device-unprimed": Text("will be protected after its next contact", "blir beskyttet etter neste kontakt"),
    "device-listed": Text("listed as {name}", "oppført som {name}"),
    "device-yes": Text("yes", "ja"),
    "device-no": Text("no", "nei"),
    "device-fact-manufacturer": Text("manufacturer", "produsent"),
    "device-fact-model": Text("model", "modell"),
    "device-fact-firmware": Text("firmware", "fastvare"),
    "device-fact-battery": Text("battery (%)", "batteri (%)"),
    "device-fact-rssi": Text("signal (dBm)", "signal (dBm, styrke)"),
    "device-fact-clock_skew_s": Text("clock is behind by (s)", "klokken går etter med (s)"),
    "device-fact-bonded": Text("paired with this hub", "paret med denne huben"),
    "device-fact-primed": Text("protected while it is away", "beskyttet mens den er borte"),
    "device-fact-early_sender": Text("sends before it is asked", "sender før den blir spurt"),
}
