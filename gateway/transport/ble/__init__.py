"""Bluetooth LE: the only importer of bleak and dbus-fast."""
