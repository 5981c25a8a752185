"""What people decide about this hub: an enumerated table of acts, one file each.

The command line asks for them now; a command from afar asks for the same ones. `performing` does them where the store
is, `asking` brings them there.
"""

from gateway.acts import assignment, deviation, equipment, held, outbox, outcome, privacy, visit, wipe
from gateway.acts.api import Act

_ALL: tuple[Act, ...] = (
    assignment.CREATE,
    assignment.SHOW,
    assignment.HISTORY,
    outcome.EXTEND,
    outcome.CONVERT,
    outcome.TRANSFER,
    outcome.END,
    outcome.PAUSE,
    outcome.RESUME,
    visit.VISIT,
    held.LIST,
    held.RELEASE,
    held.DELETE,
    equipment.LIST,
    equipment.CHECK,
    equipment.REPLACE,
    equipment.GIVE,
    equipment.TAKE,
    deviation.CLOSE,
    outbox.LIST,
    outbox.RETRY,
    privacy.EXPORT,
    wipe.WIPE,
)
ACTS = {act.name: act for act in _ALL}
