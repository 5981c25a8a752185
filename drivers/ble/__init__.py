"""Bluetooth LE drivers: one file per profile or vendor protocol."""
