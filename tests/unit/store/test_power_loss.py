"""What `keep` has returned for is there after the process is killed at any moment."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.store import Store

# Keeps readings for ever, most at once in threes, releases some, and says of each that it is kept only when it is.
_CHILD = """
import sys
from pathlib import Path
from gateway.store import Store
from tests.readings import draft, kept_frame

store, run = Store(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
for number in range(1_000_000):
    waiting = tuple(store.add_frames([kept_frame(b"part")]))
    drafts = [draft(f"{run}-{number}-{part}", waiting=waiting) for part in range(1 + number % 3)]
    for kept in store.keep(drafts):
        print(kept.id, kept.seq, flush=True)
    if number % 7 == 0:
        store.outbox.mark_at_broker([store.outbox.last_seq])
"""


def _kill_while_keeping(directory: Path, run: int, after_s: float) -> list[tuple[str, int]]:
    """Ids and places that the child called kept before it was killed."""
    root = Path(__file__).parents[3]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(directory), str(run)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": ""},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    told, _ = child.communicate(timeout=30)
    lines = told.splitlines(keepends=True)
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(name, int(seq)) for name, seq in whole]


@pytest.mark.parametrize("after_s", [0.05, 0.3])
def test_kill_9_in_the_middle_of_keeping_loses_nothing_that_was_called_kept(tmp_path: Path, after_s: float) -> None:
    told: dict[int, str] = {}
    for run in range(3):
        for name, seq in _kill_while_keeping(tmp_path, run, after_s + run / 97):
            assert seq not in told
            told[seq] = name
        store = Store(tmp_path)
        rows = store.outbox.waiting(0, 2**62, 1_000_000)
        kept = {seq: id_.hex() for seq, id_ in store._connection.execute("SELECT seq, id FROM reading")}
        damage = store._connection.execute("PRAGMA integrity_check").fetchone()[0]
        last = store.outbox.last_seq
        store.close()
        assert damage == "ok"
        assert sorted(kept) == list(range(1, last + 1))
        assert all(json.loads(row.payload)["seq"] == row.seq for row in rows)
        assert {seq: name.replace("-", "") for seq, name in told.items()}.items() <= kept.items()
    assert len(told) > 10
