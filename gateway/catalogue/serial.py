"""What can be wrong with a serial port, and what `dho-gateway ports` says."""

from gateway.catalogue.text import Text

TEXTS = {
    "serial-port-missing": Text(
        "The instrument's serial port is not there: its cable or converter is not plugged in, or the port in the "
        "configuration is another one. Plug it in; `dho-gateway ports` shows what is plugged in.",
        "Instrumentets serieport finnes ikke: kabelen eller omformeren er ikke satt i, eller porten i konfigurasjonen "
        "er en annen. Sett den i; `dho-gateway ports` viser hva som står i.",
    ),
    "serial-port-busy": Text(
        "Another program is using the instrument's serial port. Stop that program; if ModemManager or a login on the "
        "port is the cause, install the udev rules that come with the gateway.",
        "Et annet program bruker instrumentets serieport. Stopp det programmet; hvis årsaken er ModemManager eller en "
        "innlogging på porten, installer udev-reglene som følger med gatewayen.",
    ),
    "serial-permission": Text(
        "The gateway is not allowed to open the instrument's serial port. Add its user to the group that owns the port "
        "(mostly `dialout`), and start it again.",
        "Gatewayen har ikke lov til å åpne instrumentets serieport. Legg brukeren dens i gruppen som eier porten "
        "(som regel `dialout`), og start den på nytt.",
    ),
    "serial-unplugged": Text(
        "The instrument's serial cable was pulled out, or its converter has failed. Plug it in again; the gateway goes "
        "on by itself.",
        "Seriekabelen til instrumentet er trukket ut, eller omformeren har sviktet. Sett den i igjen; gatewayen "
        "fortsetter av seg selv.",
    ),
    "serial-io": Text(
        "The instrument's serial port does not work as one: {detail}. Check that the configuration names a serial "
        "port, then try another cable, converter or USB socket.",
        "Instrumentets serieport virker ikke som den skal: {detail}. Sjekk at konfigurasjonen peker på en serieport, "
        "og prøv så en annen kabel, omformer eller USB-kontakt.",
    ),
    "conversation-failed": Text(
        "The instrument gave an answer that its driver does not know. Check that the driver fits the model; the "
        "gateway tries again.",
        "Instrumentet ga et svar som driveren ikke kjenner. Sjekk at driveren passer til modellen; gatewayen prøver "
        "igjen.",
    ),
    "ports-none": Text(
        "No serial port is plugged in. Plug in the instrument's cable, and look again.",
        "Ingen serieport er satt i. Sett i kabelen til instrumentet, og se igjen.",
    ),
    "ports-no-stable-name": Text(
        "This port has no stable name: use it only if nothing else can be plugged in.",
        "Denne porten har ikke noe fast navn: bruk den bare hvis ingenting annet kan settes i.",
    ),
    "ports-by-socket": Text(
        "The converter has no serial number of its own: the name belongs to the USB socket. Leave it in that socket.",
        "Omformeren har ikke eget serienummer: navnet hører til USB-kontakten. La den stå i den kontakten.",
    ),
    "ports-suggestion": Text(
        "Lines for the configuration; give the device a name and the driver of your instrument "
        "(`dho-gateway drivers`):",
        "Linjer til konfigurasjonen; gi enheten et navn og driveren til instrumentet ditt (`dho-gateway drivers`):",
    ),
}
