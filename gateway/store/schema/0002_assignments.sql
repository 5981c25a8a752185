-- Acts that were asked for beside the daemon, and what came of them (gateway/store/acts.py).
CREATE TABLE act (
    number   INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    params   TEXT NOT NULL,
    role     TEXT NOT NULL,
    asked_at TEXT, -- null: the hub did not know the time
    state    TEXT NOT NULL DEFAULT 'asked',
    result   TEXT NOT NULL DEFAULT '{}'
);

-- The periods in which this kit serves a person (gateway/assignments.py). Instants are RFC 3339, UTC.
CREATE TABLE assignment (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    purpose      TEXT NOT NULL,
    outcome      TEXT,
    paused_until TEXT,
    told         INTEGER NOT NULL -- notices of its end that were given
);

CREATE TABLE span (
    assignment TEXT NOT NULL,
    place      INTEGER NOT NULL,
    start      TEXT NOT NULL,
    end        TEXT,
    PRIMARY KEY (assignment, place)
) WITHOUT ROWID;

-- What was done with each, and by whom.
CREATE TABLE assignment_history (
    number     INTEGER PRIMARY KEY,
    assignment TEXT NOT NULL,
    at         TEXT, -- null: the hub did not know the time
    role       TEXT NOT NULL,
    what       TEXT NOT NULL,
    fields     TEXT NOT NULL
);

-- Which device served which assignment when, and what its memory held before (gateway/baseline.py).
CREATE TABLE tenure (
    number     INTEGER PRIMARY KEY,
    device     TEXT NOT NULL,
    assignment TEXT NOT NULL,
    since      TEXT NOT NULL,
    until      TEXT,
    users      TEXT, -- null: as the configuration says
    baseline   TEXT NOT NULL
);

-- Windows in which a visitor measures.
CREATE TABLE visit (
    number     INTEGER PRIMARY KEY,
    assignment TEXT NOT NULL,
    start      TEXT NOT NULL,
    end        TEXT NOT NULL,
    role       TEXT NOT NULL
);

-- The instruments themselves: what people did with them.
CREATE TABLE equipment (
    device       TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    installed_at TEXT,
    installed_by TEXT NOT NULL,
    checked_at   TEXT,
    checked_by   TEXT,
    retired_at   TEXT,
    reason       TEXT, -- why it was retired; null: it is in use
    replaced_by  TEXT
) WITHOUT ROWID;

-- Why a reading is held back, and since when; beside the reading, so that the counts need not open it.
ALTER TABLE held ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE held ADD COLUMN assignment TEXT;
ALTER TABLE held ADD COLUMN received_at TEXT;

-- Held readings that were deleted: a device that hands them over again is not listened to.
CREATE TABLE gone (
    id BLOB PRIMARY KEY
) WITHOUT ROWID;
