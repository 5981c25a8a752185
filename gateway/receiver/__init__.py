"""The reference receiver: stores each reading once and says so."""
