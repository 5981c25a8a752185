"""The connection to the broker: why there is none, and why a message was refused."""

from gateway.catalogue.text import Text

TEXTS = {
    "broker-name-unknown": Text(
        "The broker's name is not known. Check mqtt.host and the hub's network.",
        "Navnet på megleren er ukjent. Sjekk mqtt.host og nettet til huben.",
    ),
    "broker-refused": Text(
        "Nothing answers on the broker's port. Check mqtt.port, and whether the broker runs.",
        "Ingen svarer på meglerens port. Sjekk mqtt.port, og om megleren kjører.",
    ),
    "broker-unreachable": Text(
        "The broker cannot be reached. Check the hub's network and firewalls. Readings are kept.",
        "Megleren kan ikke nås. Sjekk hubens nett og brannmurer. Målinger tas vare på.",
    ),
    "broker-closed": Text(
        "The broker hung up at once. Check that port and TLS fit each other, and the broker's log.",
        "Megleren la på med en gang. Sjekk at port og TLS passer sammen, og meglerens logg.",
    ),
    "broker-silent": Text(
        "The broker has fallen silent. The hub connects again by itself.",
        "Megleren er taus. Huben kobler til igjen av seg selv.",
    ),
    "broker-stopping": Text(
        "The broker is shutting down. The hub connects again by itself.",
        "Megleren stopper. Huben kobler til igjen av seg selv.",
    ),
    "broker-busy": Text(
        "The broker is too busy. The hub tries again by itself.",
        "Megleren er for travel. Huben prøver igjen av seg selv.",
    ),
    "broker-moved": Text(
        "The broker points to another server. Ask its operator, and correct mqtt.host.",
        "Megleren viser til en annen tjener. Spør driftsansvarlig, og rett mqtt.host.",
    ),
    "connection-lost": Text(
        "The connection was lost. The hub connects again by itself; readings are kept.",
        "Forbindelsen ble brutt. Huben kobler til igjen av seg selv; målinger tas vare på.",
    ),
    "not-connected": Text(
        "There is no connection to the broker. Readings are kept until there is.",
        "Ingen forbindelse til megleren. Målinger tas vare på til den er der.",
    ),
    "puback-timeout": Text(
        "The broker acknowledged nothing in time. The hub connects anew and sends again.",
        "Megleren bekreftet ikke i tide. Huben kobler til på nytt og sender igjen.",
    ),
    "uplink-line-full": Text(
        "Too many messages wait for the broker. They are sent later.",
        "For mange meldinger venter på megleren. De sendes senere.",
    ),
    "uplink-stopped": Text("The hub took leave of the broker.", "Huben har meldt seg av hos megleren."),
    "mqtt-version": Text(
        "What answers does not speak this MQTT version. Check mqtt.port, or set mqtt.protocol.",
        "Det som svarer, kan ikke denne MQTT-versjonen. Sjekk mqtt.port, eller sett mqtt.protocol.",
    ),
    "mqtt-client-id-refused": Text(
        "The broker does not accept the hub's name. Check hub.id and the broker's access list.",
        "Megleren godtar ikke hubens navn. Sjekk hub.id og meglerens tilgangsliste.",
    ),
    "mqtt-bad-credentials": Text(
        "User name or password is wrong. Check the files that the configuration names.",
        "Feil brukernavn eller passord. Sjekk filene som konfigurasjonen oppgir.",
    ),
    "mqtt-not-authorised": Text(
        "The broker denies the hub access. Check its credentials and the broker's access list.",
        "Megleren nekter huben tilgang. Sjekk legitimasjonen og meglerens tilgangsliste.",
    ),
    "mqtt-refused": Text(
        "The broker refused the connection. Its log says why.",
        "Megleren avviste forbindelsen. Loggen der sier hvorfor.",
    ),
    "mqtt-subscription-refused": Text(
        "The broker lets the hub send but not listen. Correct the broker's access list.",
        "Megleren lar huben sende, men ikke lytte. Rett meglerens tilgangsliste.",
    ),
    "mqtt-document-refused": Text(
        "The broker denies a document of the hub. Correct its access list; the hub tries every quarter of an hour.",
        "Megleren avviser et dokument fra huben. Rett tilgangslisten; huben prøver igjen hvert kvarter.",
    ),
    "session-taken-over": Text(
        "Another client uses the same name. Give each hub its own hub.id.",
        "En annen klient bruker samme navn. Gi hver hub sin egen hub.id.",
    ),
    "mqtt-topic-invalid": Text(
        "The broker refused the message's topic. It is set aside, and the next is sent.",
        "Megleren avviste meldingens emne. Den legges til side, og neste sendes.",
    ),
    "mqtt-packet-too-large": Text(
        "The message is too large for the broker. It is set aside; raise the broker's limit.",
        "Meldingen er for stor for megleren. Den legges til side; hev meglerens grense.",
    ),
    "mqtt-quota-exceeded": Text(
        "The broker's quota is used up. The message is set aside; ask the broker's operator.",
        "Meglerens kvote er brukt opp. Meldingen legges til side; spør driftsansvarlig.",
    ),
    "mqtt-payload-invalid": Text(
        "The broker refused the message's content. It is set aside, and the next is sent.",
        "Megleren avviste meldingens innhold. Den legges til side, og neste sendes.",
    ),
    "mqtt-message-refused": Text(
        "The broker refused the message. It is set aside; the broker's log says why.",
        "Megleren avviste meldingen. Den legges til side; meglerens logg sier hvorfor.",
    ),
    "tls-unknown-authority": Text(
        "The broker's certificate is from an unknown authority. Set mqtt.ca_file to the right one.",
        "Meglerens sertifikat har ukjent utsteder. Sett mqtt.ca_file til den rette.",
    ),
    "tls-wrong-host": Text(
        "The broker's certificate is for another name. Use in mqtt.host a name that it carries.",
        "Meglerens sertifikat gjelder et annet navn. Bruk et navn fra sertifikatet i mqtt.host.",
    ),
    "tls-expired": Text(
        "The broker's certificate has expired. Have it renewed; check the hub's clock too.",
        "Meglerens sertifikat er utløpt. Få det fornyet; sjekk også klokken på huben.",
    ),
    "tls-not-yet-valid": Text(
        "The broker's certificate is not valid yet. The hub's clock is probably wrong: set it.",
        "Meglerens sertifikat gjelder ikke ennå. Klokken på huben er nok feil: still den.",
    ),
    "tls-client-certificate-required": Text(
        "The broker requires a client certificate. Set mqtt.cert_file and mqtt.key_file.",
        "Megleren krever klientsertifikat. Sett mqtt.cert_file og mqtt.key_file.",
    ),
    "tls-client-certificate-refused": Text(
        "The broker refuses the hub's certificate. Check its authority and its dates.",
        "Megleren avviser hubens sertifikat. Sjekk utsteder og datoer.",
    ),
    "tls-not-spoken": Text(
        "No TLS is spoken on the broker's port. Check mqtt.port. Nothing was sent.",
        "Meglerens port bruker ikke TLS. Sjekk mqtt.port. Ingenting er sendt.",
    ),
    "tls-too-old": Text(
        "The broker's TLS is older than 1.2. It must be updated.",
        "Megleren bruker TLS eldre enn 1.2. Den må oppdateres.",
    ),
    "tls-closed": Text(
        "The connection ended while TLS was being set up. The hub tries again by itself.",
        "Forbindelsen ble brutt under oppsett av TLS. Huben prøver igjen av seg selv.",
    ),
    "tls-failed": Text(
        "TLS could not be set up with the broker. The log has the detail.",
        "TLS mot megleren kunne ikke settes opp. Loggen har detaljene.",
    ),
    "tls-file-invalid": Text(
        "A certificate or key file does not serve. It must be PEM, without a password, and a pair.",
        "En sertifikat- eller nøkkelfil duger ikke. Den må være PEM, uten passord, og høre sammen.",
    ),
    "secret-file-unreadable": Text(
        "A certificate or secret file cannot be read. Check its path and its rights.",
        "En sertifikat- eller hemmelig fil kan ikke leses. Sjekk sti og rettigheter.",
    ),
    "secret-file-permissions": Text(
        "Everybody on the machine can read a secret file. Take that right away (chmod o-r).",
        "Alle på maskinen kan lese en hemmelig fil. Fjern den retten (chmod o-r).",
    ),
}
