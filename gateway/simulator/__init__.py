"""The virtual home: instruments and a BlueZ look-alike without hardware, for the demo and the tests."""
