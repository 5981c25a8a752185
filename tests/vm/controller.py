"""The guest's Bluetooth controller: Bumble's, with what a kernel needs of a controller put right."""

import asyncio
from typing import Any

from bumble import hci
from bumble.controller import Controller
from bumble.transport import open_transport

from tests.radio.bumble_air import Air

_LINK_LOSS = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


class HubController(Controller):  # type: ignore[misc]
    """Driven by a kernel at the other end of an HCI transport.

    Bumble 0.0.236 announces privacy and extended advertising but never sends the events that belong to them, forgets
    nothing at a reset, and neither forgets nor reports a connection attempt that is cancelled: the kernel then waits
    for ever. What was asked of it and is not implemented is in `unsupported`. While it has `hung` it does nothing.
    """

    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
        | hci.LeFeatureMask.LL_PRIVACY
    )

    def __init__(self, air: Air, address: str, transport: Any) -> None:
        public = hci.Address(address, hci.Address.PUBLIC_DEVICE_ADDRESS)
        super().__init__("hub", transport.source, transport.sink, air, public)
        self.unsupported: set[str] = set()
        self.hung = False
        self._transport = transport

    async def unplug(self) -> None:
        """The controller is gone at once; whoever was connected notices."""
        self.on_hci_reset_command(None)
        self.link.remove_controller(self)
        self.host = None
        await self._transport.close()

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """From the kernel."""
        if not self.hung:
            super().on_hci_packet(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """To the kernel."""
        if not self.hung:
            super().send_hci_packet(packet)

    def on_hci_reset_command(self, _command: object) -> hci.HCI_StatusReturnParameters:
        """Core Specification, Vol 4, Part E, 7.3.2: back to standby; links are lost."""
        self.le_scan_enable = False
        self.pending_le_connection = None
        for connection in list(self.le_connections.values()):
            peer = self.link.find_le_controller(connection.peer_address)
            del self.le_connections[connection.peer_address]
            if peer is not None and connection.self_address in peer.le_connections:
                peer.on_le_disconnected(peer.le_connections[connection.self_address], _LINK_LOSS)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_le_create_connection_cancel_command(self, _command: object) -> hci.HCI_StatusReturnParameters:
        """Core Specification, Vol 4, Part E, 7.8.13: the attempt ends with an event of its own."""
        given_up, self.pending_le_connection = self.pending_le_connection, None
        if given_up is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        asyncio.get_running_loop().call_later(0.001, self._tell_cancelled, given_up.peer_address)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_command(self, command: hci.HCI_Command) -> None:
        """Nothing handles this command."""
        self.unsupported.add(command.name)
        super().on_hci_command(command)

    def _tell_cancelled(self, peer: hci.Address) -> None:
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=0,
                peer_address=peer,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )


async def plug_in(air: Air, address: str, moniker: str) -> HubController:
    """A controller on the air, driven through a transport (Bumble's words: `unix:PATH`, `vhci`)."""
    return HubController(air, address, await open_transport(moniker))
