"""Check sums that health devices use."""


def mcrf4xx(data: bytes) -> int:
    """CRC-16/MCRF4XX: polynomial 0x1021 reflected, start 0xFFFF, no final xor; 0x6F91 for `123456789`.

    The E2E-CRC of Blood Pressure Record and of Continuous Glucose Monitoring.
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc


def maxim(data: bytes) -> int:
    """CRC-8/MAXIM: polynomial 0x31 reflected, start 0, no final xor; 0xA1 for `123456789`. Viatom's frames."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
