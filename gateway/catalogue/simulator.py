"""What the virtual home says when it cannot start."""

from gateway.catalogue.text import Text

TEXTS = {
    "dbus-daemon-missing": Text(
        "The virtual home needs a message bus of its own, and dbus-daemon is not on this machine. As root, run: "
        "apt-get install --no-install-recommends dbus-daemon",
        "Det virtuelle hjemmet trenger sin egen meldingsbuss, og dbus-daemon finnes ikke på denne maskinen. Kjør som "
        "root: apt-get install --no-install-recommends dbus-daemon",
    ),
    "dbus-daemon-silent": Text(
        "The virtual home's dbus-daemon does not start. Check that the folder for temporary files can be written to.",
        "Det virtuelle hjemmets dbus-daemon starter ikke. Sjekk at mappen for midlertidige filer kan skrives til.",
    ),
    "bluez-name-taken": Text(
        "Another program already plays Bluetooth on the virtual home's bus. End it and start again.",
        "Et annet program spiller allerede Bluetooth på det virtuelle hjemmets buss. Avslutt det og start på nytt.",
    ),
}
