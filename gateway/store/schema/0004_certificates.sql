-- Proofs of wipes (gateway/certificate.py); they stay.
CREATE TABLE certificate (
    number   INTEGER PRIMARY KEY,
    document TEXT NOT NULL
);
CREATE TRIGGER certificate_stays BEFORE UPDATE ON certificate BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER certificate_whole BEFORE DELETE ON certificate BEGIN SELECT RAISE(ABORT, 'append-only'); END;
