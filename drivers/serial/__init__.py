"""Serial drivers: one file per protocol."""
