"""The Bluetooth radio and its devices: what is wrong, and what to do."""

from gateway.catalogue.text import Text

TEXTS = {
    # --- the radio ---
    "bluetooth-starting": Text("Bluetooth is starting. Wait a few seconds.", "Bluetooth starter. Vent noen sekunder."),
    "bluetooth-off": Text(
        "The Bluetooth adapter is switched off. Switch it on (rfkill unblock bluetooth; bluetoothctl power on).",
        "Bluetooth-adapteren er slått av. Slå den på (rfkill unblock bluetooth; bluetoothctl power on).",
    ),
    "bluetooth-blocked": Text(
        "Bluetooth is blocked by a switch of the machine. Unblock it (rfkill unblock bluetooth), or turn the switch.",
        "Bluetooth er sperret av en bryter på maskinen. Opphev den (rfkill unblock bluetooth), eller slå den på.",
    ),
    "bluetooth-silent": Text(
        "Nothing is heard over Bluetooth, where there was always something. The radio is being restarted.",
        "Ingenting høres over Bluetooth, der det alltid var noe før. Radioen startes på nytt.",
    ),
    "bluetooth-needs-power-cycle": Text(
        "Bluetooth does not recover by itself. Pull the hub's plug, wait ten seconds, and put it back.",
        "Bluetooth kommer seg ikke av seg selv. Trekk ut støpselet til huben, vent ti sekunder, og sett det i igjen.",
    ),
    "bluetooth-recovery-power": Text(
        "Bluetooth failed, and its adapter was switched off and on. Nothing need be done unless this lasts.",
        "Bluetooth sviktet, og adapteren ble slått av og på. Ingenting må gjøres med mindre det varer.",
    ),
    "bluetooth-recovery-service": Text(
        "Bluetooth failed, and its service was restarted. If this lasts, see whether the adapter is plugged in.",
        "Bluetooth sviktet, og tjenesten ble startet på nytt. Hvis det varer, se om adapteren er satt inn.",
    ),
    "bluetooth-recovery-reboot": Text(
        "Bluetooth failed, and the hub is being restarted. If this comes again, replace the adapter.",
        "Bluetooth sviktet, og huben startes på nytt. Bytt adapteren hvis det skjer igjen.",
    ),
    "bluetooth-missing": Text(
        "The Bluetooth service does not answer. Check that BlueZ is installed and runs (systemctl status bluetooth).",
        "Bluetooth-tjenesten svarer ikke. Sjekk at BlueZ er installert og kjører (systemctl status bluetooth).",
    ),
    "bluetooth-adapter-missing": Text(
        "No Bluetooth LE adapter is found. Check that it is plugged in, or name the right one in the configuration.",
        "Finner ingen adapter for Bluetooth LE. Sjekk at den er satt inn, eller oppgi den riktige i konfigurasjonen.",
    ),
    "bluetooth-permission": Text(
        "The gateway may not use Bluetooth. Run it as the user it was installed with, which the D-Bus policy lets in.",
        "Gatewayen får ikke bruke Bluetooth. Kjør den som brukeren den ble installert med, som D-Bus slipper inn.",
    ),
    "bluetooth-deaf": Text(
        "The Bluetooth adapter refuses to scan. Switch the hub off and on; if it comes back, replace the adapter.",
        "Bluetooth-adapteren nekter å søke. Slå huben av og på; bytt adapteren hvis feilen kommer tilbake.",
    ),
    "bluetooth-lost": Text(
        "Bluetooth was lost during contact with the device. This is tried again; measure again if nothing comes.",
        "Bluetooth falt ut under kontakt med enheten. Det prøves på nytt; mål på nytt hvis ingenting kommer.",
    ),
    "bluetooth-cache-off": Text(
        "BlueZ forgets devices after each contact; readings may be lost. Remove Cache=no in /etc/bluetooth/main.conf.",
        "BlueZ glemmer enheter mellom kontaktene, så målinger kan gå tapt. Fjern Cache=no i /etc/bluetooth/main.conf.",
    ),
    # --- a device ---
    "ble-connect-timeout": Text(
        "The device was heard, but does not answer. Bring it closer to the hub and measure again.",
        "Enheten ble hørt, men svarer ikke. Flytt den nærmere huben og mål på nytt.",
    ),
    "ble-connect-failed": Text(
        "The connection to the device failed. It is tried again by itself; bring it closer to the hub if it persists.",
        "Forbindelsen til enheten mislyktes. Det prøves på nytt av seg selv; flytt den nærmere huben om feilen varer.",
    ),
    "ble-gone": Text(
        "The device went off the air before it could be reached. Measure again, closer to the hub.",
        "Enheten sluttet å sende før den kunne nås. Mål på nytt, nærmere huben.",
    ),
    "ble-dropped": Text(
        "The device broke off before anything could be read. Measure again; change its batteries if it persists.",
        "Enheten brøt forbindelsen før noe kunne leses. Mål på nytt; bytt batterier hvis feilen varer.",
    ),
    "ble-busy": Text(
        "An earlier connection to the device had not ended. It has been cleared and is tried again by itself.",
        "En tidligere forbindelse til enheten var ikke avsluttet. Den er ryddet opp og prøves på nytt av seg selv.",
    ),
    "ble-no-answer": Text(
        "The device stopped answering. Bring it closer to the hub; if it was never paired with this hub, pair it.",
        "Enheten sluttet å svare. Flytt den nærmere huben; par den hvis den aldri er paret med denne huben.",
    ),
    "ble-refused": Text(
        "The device refuses to send its measurements. Check that the right driver is configured for this model.",
        "Enheten nekter å sende målingene sine. Sjekk at riktig driver er valgt for denne modellen.",
    ),
    "ble-fault": Text(
        "The gateway has a fault in how it handles this device. Report it, with the log of this contact.",
        "Gatewayen har en feil i håndteringen av denne enheten. Meld fra, og legg ved loggen fra denne kontakten.",
    ),
    "needs-pairing": Text(
        "The device only talks to hubs it is paired with. Hold its button until it can be paired, and pair it with "
        "this hub (dho-gateway device pair).",
        "Enheten snakker bare med huber den er paret med. Hold knappen til den kan pares, og par den med denne huben "
        "(dho-gateway device pair).",
    ),
    "needs-pairing-again": Text(
        "The device has forgotten this hub, perhaps after a change of batteries. Hold its button until it can be "
        "paired, and pair it again (dho-gateway device repair).",
        "Enheten har glemt denne huben, kanskje etter batteribytte. Hold knappen til den kan pares, og par den på nytt "
        "(dho-gateway device repair).",
    ),
    "pairing-failed": Text(
        "Device and hub did not agree on a key. Check the code if the device shows one. If it was paired with another "
        "hub or phone, remove that pairing there, or reset it as its manual says; then pair it here anew.",
        "Enheten og huben ble ikke enige om en nøkkel. Sjekk koden hvis enheten viser en. Hvis den var paret med en "
        "annen hub eller telefon, fjern paringen der, eller nullstill den som bruksanvisningen sier; par den på nytt.",
    ),
    "pairing-broken-off": Text(
        "The device hung up each time before it was paired. Put in fresh batteries, bring it close to the hub, and "
        "end its pairing with any other hub or phone; then start again.",
        "Enheten la på hver gang før den var paret. Sett inn nye batterier, ta den nær huben, og avslutt paringen med "
        "andre huber eller telefoner; start så på nytt.",
    ),
    "pairing-timeout": Text(
        "The pairing was not finished in time. Start again, with the device close to the hub and its code at hand.",
        "Paringen ble ikke fullført i tide. Start på nytt, med enheten nær huben og koden for hånden.",
    ),
    "wrong-profile": Text(
        "The device lacks what its driver reads. Check that address and driver in the configuration belong together.",
        "Enheten mangler det driveren leser. Sjekk at adresse og driver i konfigurasjonen hører sammen.",
    ),
}
