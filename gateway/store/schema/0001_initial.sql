-- One database is one epoch. seq is the rowid: no AUTOINCREMENT, which would write a second page at each insert.

CREATE TABLE fact (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Every reading that was given a place in the sequence; stays after release, so that a device that hands over its whole
-- memory again is recognised, and the ledger can be told. No index of ids, which would write a page somewhere else at
-- each insert: they are looked up in memory. Places below 1 are of an earlier epoch, salvaged from a damaged database.
CREATE TABLE reading (
    seq       INTEGER PRIMARY KEY,
    id        BLOB NOT NULL,
    stored_at INTEGER -- seconds since 1970; null: the hub did not know the time
);

-- Stretches of the sequence that the receiver was told will not be delivered.
CREATE TABLE void (
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (first, last)
) WITHOUT ROWID;

-- What is not yet confirmed: the message as it is sent, and the raw frames it came from; both sealed, here and below
-- (gateway/store/sealing.py), and together in `payload` where `frames` is empty (gateway/store/parcel.py). Numbers,
-- kinds, references and times stay clear: the daemon works by them.
CREATE TABLE outbox (
    seq       INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    payload   BLOB NOT NULL,
    frames    BLOB NOT NULL,
    at_broker INTEGER NOT NULL DEFAULT 0, -- how often a broker has acknowledged it
    device    TEXT NOT NULL
);

-- What is needed to date readings that came while the hub did not know the time; they wait until it does.
CREATE TABLE undated (
    seq           INTEGER PRIMARY KEY,
    boot          TEXT NOT NULL,
    monotonic     REAL NOT NULL,
    device_time   TEXT,
    faulty        INTEGER NOT NULL,
    stored        INTEGER,
    fix_device    TEXT,
    fix_monotonic REAL,
    earliest      TEXT
);

-- Readings that are not sent: another person's, or nobody knows whose.
CREATE TABLE held (
    id      BLOB PRIMARY KEY,
    kind    TEXT NOT NULL,
    status  TEXT NOT NULL,
    payload BLOB NOT NULL,
    frames  BLOB NOT NULL,
    device  TEXT NOT NULL
) WITHOUT ROWID;

-- Messages that broker or receiver refused for good; their place in the sequence (null: in an earlier epoch's) is a void.
CREATE TABLE aside (
    number  INTEGER PRIMARY KEY,
    seq     INTEGER,
    kind    TEXT NOT NULL,
    payload BLOB NOT NULL,
    frames  BLOB NOT NULL,
    reason  TEXT NOT NULL
);

-- Frames without a reading: part of an act that is not complete (reason null), or refused by the decoder.
CREATE TABLE frame (
    number      INTEGER PRIMARY KEY,
    device      TEXT NOT NULL,
    channel     TEXT NOT NULL,
    data        BLOB NOT NULL,
    received_at TEXT NOT NULL,
    hub_clock   TEXT NOT NULL,
    boot        TEXT NOT NULL,
    monotonic   REAL NOT NULL,
    reason      TEXT
);

-- What is known of each device: its twin, and the highest record number kept.
CREATE TABLE device (
    ref    TEXT PRIMARY KEY,
    twin   TEXT NOT NULL,
    cursor INTEGER
) WITHOUT ROWID;
