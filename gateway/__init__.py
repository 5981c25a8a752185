"""dho-gateway: the daemon, its command line, the reference receiver and the virtual home."""

__version__ = "0.1.0"
