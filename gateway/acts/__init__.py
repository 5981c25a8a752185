"""What people decide about this hub: acts, one file each, enumerated in `table`.

The command line asks for them now; a command from afar asks for the same ones. `performing` does them where the store
is, `asking` brings them there.
"""
