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
