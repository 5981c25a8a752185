"""Every act there is, by its name."""

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
