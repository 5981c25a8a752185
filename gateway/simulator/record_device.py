"""A device with a memory that is asked for through the Record Access Control Point."""

from collections.abc import Sequence
from typing import Unpack

from drivers.uuids import full
from gateway.simulator.bluez.radio import AttError, Service
from gateway.simulator.peripheral import Common, VirtualDevice
from gateway.simulator.racp import NumberOf, answer

RECORD_ACCESS = full(0x2A52)
CCCD_IMPROPER = 0xFD
BUSY = 0xFE

Record = Sequence[tuple[str, bytes]]
"""What one record is sent as: characteristic and value, the measurement first."""


class RecordDevice(VirtualDevice):
    """Keeps records until the hub deletes them. `records` are the measurements in its memory, oldest first.

    A silent one (`silent`) takes requests and never answers. Without `number_of` it knows no filter.
    """

    def __init__(
        self,
        name: str,
        address: str,
        service: Service,
        *,
        number_of: NumberOf | None = None,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(name, address, service, **common)
        self.silent = False
        self._records: dict[bytes, Record] = {}
        self._number_of = number_of
        self._unread = False

    @property
    def records(self) -> list[bytes]:
        """The measurements in memory."""
        return list(self._records)

    def remember(self, *records: Record) -> None:
        """Puts records into memory."""
        for record in records:
            self._records[record[0][1]] = record
        self._unread = True
        self.wake()

    @property
    def has_news(self) -> bool:
        """Whether there is something to fetch."""
        return super().has_news or self._unread

    def write(self, uuid: str, data: bytes) -> None:
        """Record access, or what any device takes."""
        if uuid != RECORD_ACCESS:
            super().write(uuid, data)
            return
        self.refuse_if_told(uuid)
        channels = {RECORD_ACCESS, *(channel for record in self._records.values() for channel, _value in record[:1])}
        if not all(self.subscribed(channel) for channel in channels):
            raise AttError(CCCD_IMPROPER)
        if not self.silent:
            self._answer(data)

    def sent(self, uuid: str, value: bytes) -> None:
        """A value was confirmed; the answer to a request is not a measurement."""
        if uuid == RECORD_ACCESS:
            self._unread = False
        else:
            super().sent(uuid, value)

    def _answer(self, request: bytes) -> None:
        result = answer(request, self.records, self._number_of)
        reported = [value for chosen in result.records for value in self._records[chosen]]
        self._records = {kept: self._records[kept] for kept in result.keep}
        self.reply(*reported, (RECORD_ACCESS, result.response))
