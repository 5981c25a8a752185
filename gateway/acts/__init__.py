"""What people decide about this hub: an enumerated table of acts, one file each.

The command line asks for them now; a command from afar asks for the same ones. `performing` does them where the store
is, `asking` brings them there.
"""

from gateway.acts import deviation
from gateway.acts.api import Act

_ALL: tuple[Act, ...] = (deviation.CLOSE,)
ACTS = {act.name: act for act in _ALL}
