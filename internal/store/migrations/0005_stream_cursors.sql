-- How far the log was delivered to each of its streams. It is with the log, so
-- that a backup that is put back has both of one moment: what comes after is
-- delivered, and what was is delivered again.

-- +goose Up

CREATE TABLE stream_cursors (
    stream   TEXT   PRIMARY KEY,
    next_seq BIGINT NOT NULL CHECK (next_seq >= 0),
    at_ms    BIGINT NOT NULL
);
