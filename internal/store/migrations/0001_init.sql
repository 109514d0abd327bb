-- The state and its log. Portable between SQLite and PostgreSQL: times are
-- BIGINT in milliseconds since 1970, JSON is TEXT that no statement looks
-- into, ids and numbers are made by the program.

-- +goose Up

-- The current document of each thing.
CREATE TABLE resources (
    kind          TEXT   NOT NULL,
    key           TEXT   NOT NULL,
    parent        TEXT   NOT NULL,
    rev           BIGINT NOT NULL CHECK (rev > 0),
    hash          TEXT   NOT NULL,
    doc           TEXT   NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (kind, key)
);

CREATE INDEX resources_by_parent ON resources (kind, parent);

-- Every document that ever was current, those of deleted things too.
CREATE TABLE revisions (
    kind   TEXT   NOT NULL,
    key    TEXT   NOT NULL,
    rev    BIGINT NOT NULL CHECK (rev > 0),
    parent TEXT   NOT NULL,
    hash   TEXT   NOT NULL,
    doc    TEXT   NOT NULL,
    at_ms  BIGINT NOT NULL,
    PRIMARY KEY (kind, key, rev)
);

-- The log: record seq is leaf seq of the Merkle tree, counted from 0.
CREATE TABLE events (
    seq    BIGINT PRIMARY KEY CHECK (seq >= 0),
    record BYTEA  NOT NULL
);

-- The tree's complete subtrees, in the order of golang.org/x/mod/sumdb/tlog.
CREATE TABLE log_hashes (
    idx  BIGINT PRIMARY KEY CHECK (idx >= 0),
    hash BYTEA  NOT NULL
);

-- One row, which writers lock: the tree's size and its root in base64, as a
-- checkpoint has them. It starts as the empty tree, SHA-256 of nothing.
CREATE TABLE log_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    size BIGINT NOT NULL CHECK (size >= 0),
    root TEXT   NOT NULL
);

INSERT INTO log_head (id, size, root) VALUES (1, 0, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');

-- Signed notes over the tree at some of its sizes.
CREATE TABLE checkpoints (
    size  BIGINT PRIMARY KEY CHECK (size >= 0),
    note  TEXT   NOT NULL,
    at_ms BIGINT NOT NULL
);

-- Documents by their own SHA-256, such as the snapshots behind verdicts.
CREATE TABLE blobs (
    sum TEXT  PRIMARY KEY,
    doc BYTEA NOT NULL
);
