"""Wiping a hub, and the proof of it."""

from gateway.catalogue.text import Text

TEXTS = {
    "wipe-done": Text(
        "The hub is wiped ({at}): {ids} reading(s) and {held} held one(s) are gone, and their key is destroyed. "
        "Certificate no. {number}. {lost}",
        "Huben er slettet ({at}): {ids} måling(er) og {held} tilbakeholdt(e) er borte, og nøkkelen er ødelagt. "
        "Slettebevis nr. {number}. {lost}",
    ),
    "wipe-given-up": Text(
        "{count} unconfirmed reading(s) were given up; that is a deviation.",
        "{count} ubekreftet(e) måling(er) er oppgitt; det er et avvik.",
    ),
    "wipe-unpair": Text(
        "Still paired: {devices}. Remove each with `dho-gateway device remove NAME`.",
        "Fortsatt tilkoblet: {devices}. Fjern hver med `dho-gateway device remove NAVN`.",
    ),
    "wipe-assignment-open": Text(
        "An assignment is not finished. End it first: `dho-gateway assignment end`.",
        "En tildeling er ikke avsluttet. Avslutt den først: `dho-gateway assignment end`.",
    ),
    "wipe-unconfirmed": Text(
        "{detail} reading(s) are not confirmed yet. Wait until they are, or give them up with --force and --reason.",
        "{detail} måling(er) er ikke bekreftet ennå. Vent til de er det, eller oppgi dem med --force og --reason.",
    ),
    "wipe-unkept": Text(
        "{detail} reading(s) wait in memory: the store has not taken them. Stop the gateway, then wipe.",
        "{detail} måling(er) venter i minnet: lageret har ikke tatt imot dem. Stopp gatewayen, og slett så.",
    ),
    "wipe-reason": Text(
        "Readings are given up. Say why, with --reason.", "Målinger blir oppgitt. Si hvorfor, med --reason."
    ),
    "wipe-incomplete": Text(
        "The readings are gone and their key is destroyed, but the card is not clean yet ({detail}). Wipe again.",
        "Målingene er borte og nøkkelen er ødelagt, men kortet er ikke rent ennå ({detail}). Slett på nytt.",
    ),
    "wipe-usage": Text(
        "Name the configuration (--config FILE), or the certificate to verify.",
        "Oppgi konfigurasjonen (--config FIL), eller slettebeviset som skal kontrolleres.",
    ),
    "wipe-none": Text("This hub was never wiped.", "Denne huben er aldri slettet."),
    "wipe-no-certificate": Text(
        "This is no certificate of a wipe: {detail}.", "Dette er ikke et slettebevis: {detail}."
    ),
    "wipe-not-signed": Text(
        "The certificate was altered, or never signed by the key {key}. Do not rely on it.",
        "Slettebeviset er endret, eller aldri signert med nøkkelen {key}. Ikke stol på det.",
    ),
    "wipe-other-key": Text(
        "The certificate is signed by another key: {key}. Do not rely on it.",
        "Slettebeviset er signert med en annen nøkkel: {key}. Ikke stol på det.",
    ),
    "wipe-genuine": Text(
        "The certificate is genuine: signed by hub {hub}, key {key}.",
        "Slettebeviset er ekte: signert av hub {hub}, nøkkel {key}.",
    ),
}
