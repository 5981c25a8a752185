"""Texts on the card in a quarter of their bytes: what is written at each reading wears it out.

zlib (RFC 1950) with a preset dictionary, so that even a short text shrinks. Its check sum tells bits that have rotted.
"""

import zlib

from gateway.errors import RefusedError

# What readings are made of, the commonest last. A text on a card somewhere was packed with it: never change it; another
# would be another version with a column of its own.
_WORDS = (
    b'"reason":"{"schema":"dho.void/1","from":,"to":released[["port","'
    b"00002a18-0000-1000-8000-00805f9b34fb00002a9c00002a5f00002a5e00002a9d00002a35-0000-1000-8000-00805f9b34fb"
    b'"absent":"not-a-number"positive-infinity"out-of-range","flags":["irregular-pulse","low-perfusion","cuff-too-loose",'
    b'"body-movement","questionable","invalid","replayed","uncertain","foreign","visit","user-index","none"'
    b'"type":"body-mass-index","mdc":188752,"unit":"kg/m2"{"type":"impedance","unit":"Ohm"'
    b'{"type":"fev1","unit":"L"{"type":"pef","unit":"L/min"{"type":"glucose","unit":"mmol/L""body-temperature","Cel"'
    b'"glucose""spirometry""temperature""body-composition""heart-rate"'
    b'"values":[{"type":"spo2","mdc":150456,"value":"9","unit":"%"},{"type":"pulse-rate","mdc":149530,"unit":"/min"}]'
    b'"values":[{"type":"systolic","mdc":150021,"value":"1","unit":"mm[Hg]"},{"type":"diastolic","mdc":150022,"value":"'
    b'","unit":"mm[Hg]"},{"type":"mean-arterial-pressure","mdc":150023,"value":"","unit":"mm[Hg]"},{"type":"pulse-rate",'
    b'"mdc":149546,"value":"","unit":"/min"}],"kind":"pulse-oximeter""kind":"blood-pressure"},'
    b'"model":"","firmware":"","earliest":"","latest":"",'
    b'"time":{"source":"none","hub_clock":"unsynchronised""rtc""measured_at":null'
    b'"time":{"source":"device","device_time":"2026-01-0T0:0:0","offset_s":"-","hub_clock":"synchronised",'
    b'"uncertainty_s":"2"},"received_at":"2026-0T0:0:0.+02:00","origin":"stored","acquisition":"automatic","simulated":true'
    b'{"schema":"dho.reading/1","id":"-8-8-","hub":"hub-00","epoch":"e-","seq":1,"boot":"","assignment":null,'
    b'"device":{"ref":"dev-","kind":"weight"},"measured_at":"2026-0T0:0:0+01:00","time":{"source":"hub","hub_clock":'
    b'"synchronised","uncertainty_s":"60"},"received_at":"2026-0T0:0:0+01:00","origin":"live","acquisition":"automatic",'
    b'"values":[{"type":"weight","mdc":188736,"value":"8","unit":"kg"}],"quality":{"status":"valid","flags":[]},'
    b'"attribution":{"status":"assigned","method":"sole-user"}}'
)
# A window of 4 kB reaches over the words and a text.
_WINDOW_BITS = 12


# A harder look for what repeats would save a byte in fifteen, and take half as long again.
_LEVEL = 2
# Little memory, so that a copy costs little; a text is shorter than what it holds.
_MEMORY_LEVEL = 4
# Each text has a copy of its own: to take in the words anew would take longer than the rest.
_PACKER = zlib.compressobj(level=_LEVEL, wbits=_WINDOW_BITS, memLevel=_MEMORY_LEVEL, zdict=_WORDS)
_OPENER = zlib.decompressobj(wbits=_WINDOW_BITS, zdict=_WORDS)


def pack(text: str) -> bytes:
    """The text in few bytes."""
    packer = _PACKER.copy()
    return packer.compress(text.encode()) + packer.flush()


def unpack(packed: bytes) -> str:
    """The text; RefusedError if the bytes are not what was written."""
    try:
        opener = _OPENER.copy()
        text = opener.decompress(packed).decode()
    except (zlib.error, ValueError) as error:
        raise RefusedError("store-damaged", "a text is not what was written") from error
    if not opener.eof:
        raise RefusedError("store-damaged", "a text is cut short")
    return text
