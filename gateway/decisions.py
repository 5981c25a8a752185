"""What people decided about this hub, at work in the daemon: acts, whose readings are, notice of an end."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from gateway.acts.api import Act, Context
from gateway.acts.performing import Performer
from gateway.audit import Entry
from gateway.notices import Notices
from gateway.store.audit import moment
from gateway.whose import Whose

Note = Callable[[str, Mapping[str, object]], None]


class Decisions:
    """The parts that follow from them; they learn of every act at once."""

    def __init__(self, context: Context, note: Note, acted: Callable[[str], None]) -> None:
        """`acted` hears of every act that was done, by its name."""
        store, env, zone = context.store, context.env, context.zone
        self._acted = acted
        self.whose = Whose(store.assignments, store.equipment.retired, store.cursor, env, zone, note)
        self._notices = Notices(store.assignments, store.together, partial(_tell, context), env, zone, note)
        self._performer = Performer(context, _acts, note, self._done)

    def start(self, start: Callable[[str, Callable[[], Awaitable[None]]], None]) -> None:
        """Starts what runs for them."""
        start("acts", self._performer.run)
        start("notices", self._notices.run)

    def _done(self, name: str) -> None:
        self.whose.reload()
        self._notices.reload()
        self._acted(name)


def _acts() -> Mapping[str, Act]:
    # Loaded when the first one is asked for: most days nobody does.
    from gateway.acts.table import ACTS  # noqa: PLC0415

    return ACTS


def _tell(context: Context, document: Mapping[str, object]) -> None:
    """An event of an assignment that nobody asked for: the calendar did, and the hub records it."""
    end = document["end"]
    fields = {"end": end} if isinstance(end, str) else {}
    context.store.events.add(document)
    context.store.audit.add(
        Entry("hub", f"assignment.{document['what']}", moment(context.env), str(document["assignment"]), fields)
    )
