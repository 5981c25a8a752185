"""dho-gateway: the daemon, its command line, the reference receiver and the virtual home."""
