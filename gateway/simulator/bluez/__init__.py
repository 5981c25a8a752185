"""A BlueZ look-alike: the D-Bus surface of bluetoothd over a radio that is handed in.

Written after BlueZ's own sources (5.66 to 5.87) and measurements on real bluetoothd; where this differs from the real
one, this is wrong.
"""
