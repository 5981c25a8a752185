-- Who did what (gateway/audit.py). Records are added, each with a higher number; nothing else is possible. One that is
-- there already is passed over, whatever a REPLACE would do.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    record TEXT NOT NULL, -- canonical JSON, with the digest of the record before
    digest TEXT NOT NULL
);
CREATE TRIGGER audit_next BEFORE INSERT ON audit
WHEN NEW.number <= (SELECT coalesce(max(number), 0) FROM audit)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_whole BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- What went wrong with readings (gateway/deviation.py); `at` null: the hub did not know the time.
CREATE TABLE deviation (
    number     INTEGER PRIMARY KEY,
    type       TEXT NOT NULL,
    cause      TEXT NOT NULL,
    device     TEXT,
    assignment TEXT,
    episode    TEXT, -- null: it stands alone
    at         TEXT,
    boot       TEXT NOT NULL,
    monotonic  REAL NOT NULL
);
CREATE TRIGGER deviation_next BEFORE INSERT ON deviation
WHEN NEW.number <= (SELECT coalesce(max(number), 0) FROM deviation)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER deviation_stays BEFORE UPDATE ON deviation BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER deviation_whole BEFORE DELETE ON deviation BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- The one thing that grows: how many readings a deviation concerns so far.
CREATE TABLE deviation_count (
    number   INTEGER PRIMARY KEY,
    readings INTEGER NOT NULL
);

CREATE TABLE deviation_closing (
    number    INTEGER PRIMARY KEY,
    role      TEXT NOT NULL,
    action    TEXT NOT NULL,
    at        TEXT,
    boot      TEXT NOT NULL,
    monotonic REAL NOT NULL
);
CREATE TRIGGER deviation_closing_once BEFORE INSERT ON deviation_closing
WHEN NEW.number IN (SELECT number FROM deviation_closing)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER deviation_closing_stays BEFORE UPDATE ON deviation_closing
BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER deviation_closing_whole BEFORE DELETE ON deviation_closing
BEGIN SELECT RAISE(ABORT, 'append-only'); END;

-- Events that no broker has yet.
CREATE TABLE event (
    number   INTEGER PRIMARY KEY,
    type     TEXT NOT NULL,
    document TEXT NOT NULL
);
