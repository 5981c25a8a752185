"""How long anything may take over Bluetooth, in seconds: one table, so that tests and slow radios can have another."""

from dataclasses import dataclass

from gateway.backoff import Backoff

_QUICK = Backoff(first_s=1.0, cap_s=5.0, spread=0.0)
_SELDOM = Backoff(first_s=5.0, cap_s=30.0, spread=0.0)
# A key that only one side still has: on Linux 6.1 each attempt may crash the kernel (list_del in hci_chan_del).
_RARELY = Backoff(first_s=10.0, cap_s=600.0, spread=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Deadlines and waits of the Bluetooth transport.

    A link that breaks while it is being made is made again, `broken_links` times in all: interference passes, a device
    without its key ends each. `session_s` caps a contact that never ends; `shared_s` does once another device waits.
    `quiet_shared_s` replaces the driver's quiet time, after a first value, while another device waits. `settle_s`
    without a value is a pause in which reading facts costs no reading. `linger_s`: what is heard so soon after a link
    went down is the stack speaking, not the device; `hold_off_s`: adverts so soon after a good contact belong to the
    act just served. `stale_s` is longer than the 10 s after which the kernel starts its scan anew, and so reports each
    device again. A device that fails is tried again at once, `quick_retries` times, then by `retry`: a cuff advertises
    for half a minute only. BlueZ is asked every `pulse_s` whether it lives, and must answer within `answer_s`. `hush_s`
    after its last indication, or the driver's `more_s` where that is longer, a bonded device is told to wait until it
    is asked again, and let go `hushed_s` later. BlueZ signals a value once for each program that listens, within
    `repeat_s`; a device needs 7.5 ms, the shortest connection interval there is. An adapter from which nothing was
    heard for `quiet_s` is asked for a sign of life, again and again; after `silence_s` its scanner is built anew. If it
    refuses to scan, or stops, `deaf_times` in a row is in trouble; `pace` stretches the ladder of recovery.
    """

    connect_s: float = 20.0
    broken_links: int = 5
    gatt_s: float = 10.0
    read_s: float = 3.0
    disconnect_s: float = 5.0
    hurry_s: float = 0.5
    session_s: float = 300.0
    shared_s: float = 60.0
    settle_s: float = 0.5
    quiet_shared_s: float = 5.0
    linger_s: float = 0.3
    hold_off_s: float = 1.5
    stale_s: float = 15.0
    quick_retries: int = 3
    retry: Backoff = _QUICK
    refused: Backoff = _SELDOM
    stale_bond: Backoff = _RARELY
    pair_s: float = 90.0
    facts_age_s: float = 86400.0
    clock_off_s: float = 5.0
    scan_start_s: float = 10.0
    quiet_s: float = 3.0
    silence_s: float = 30.0
    not_discovering_s: float = 12.0
    deaf_times: int = 2
    look_s: float = 2.0
    off_s: float = 1.0
    pace: float = 1.0
    bus_s: float = 10.0
    pulse_s: float = 2.0
    answer_s: float = 6.0
    hush_s: float = 0.25
    hushed_s: float = 3.0
    stand_retry_s: float = 5.0
    repeat_s: float = 0.005
    rebuild: Backoff = _QUICK
