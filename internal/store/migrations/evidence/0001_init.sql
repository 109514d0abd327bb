-- What clients report: the observations of running releases, counts of
-- evaluations, instances and their receipts. On SQLite it has a file of its
-- own, so that it shares no lock with the state.

-- +goose Up

CREATE TABLE evidence_batches (
    seq            BIGINT PRIMARY KEY CHECK (seq > 0),
    release_id     TEXT   NOT NULL,
    received_at_ms BIGINT NOT NULL,
    source         TEXT   NOT NULL,
    source_seq     BIGINT NOT NULL,
    lines          BYTEA  NOT NULL
);

CREATE INDEX evidence_by_release ON evidence_batches (release_id, seq);

-- A sender's number counts once; an unnamed sender or number is not checked.
CREATE UNIQUE INDEX evidence_by_source ON evidence_batches (source, source_seq)
    WHERE source <> '' AND source_seq <> 0;

-- One row, which writers lock: the last number given out, and when.
CREATE TABLE evidence_head (
    id             BIGINT PRIMARY KEY CHECK (id = 1),
    seq            BIGINT NOT NULL CHECK (seq >= 0),
    received_at_ms BIGINT NOT NULL
);

INSERT INTO evidence_head (id, seq, received_at_ms) VALUES (1, 0, 0);

CREATE TABLE usage_hours (
    flag        TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    app         TEXT   NOT NULL,
    hour_at_ms  BIGINT NOT NULL,
    yes_count   BIGINT NOT NULL,
    no_count    BIGINT NOT NULL,
    PRIMARY KEY (flag, environment, app, hour_at_ms)
);

CREATE TABLE usage_variants (
    flag          TEXT   NOT NULL,
    environment   TEXT   NOT NULL,
    app           TEXT   NOT NULL,
    hour_at_ms    BIGINT NOT NULL,
    variant       TEXT   NOT NULL,
    variant_count BIGINT NOT NULL,
    PRIMARY KEY (flag, environment, app, hour_at_ms, variant)
);

CREATE TABLE instances (
    environment TEXT   NOT NULL,
    app         TEXT   NOT NULL,
    instance    TEXT   NOT NULL,
    sdk         TEXT   NOT NULL,
    seen_at_ms  BIGINT NOT NULL,
    PRIMARY KEY (environment, app, instance)
);

CREATE TABLE receipts (
    environment   TEXT   NOT NULL,
    app           TEXT   NOT NULL,
    instance      TEXT   NOT NULL,
    seq           BIGINT NOT NULL,
    applied_at_ms BIGINT NOT NULL,
    PRIMARY KEY (environment, app, instance, seq)
);
