"""Bluetooth UUIDs: 16-bit numbers of the Assigned Numbers in their 128-bit form."""


def full(short: int) -> str:
    """128-bit lower-case form of a 16-bit UUID (Core Specification, Vol 3, Part B, 2.5.1)."""
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


def normal(text: str) -> str:
    """Any way of writing a UUID (`2A35`, `0x2A35`, 128 bits) in 128-bit lower case; ValueError if it is none."""
    plain = text.strip().lower().removeprefix("0x")
    if len(plain) == 4:
        return full(int(plain, 16))
    digits = plain.replace("-", "")
    if len(digits) != 32:
        raise ValueError(f"{text!r} is not a UUID")
    int(digits, 16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
