-- When credentials were last used. It is written in batches, and beside the
-- state, so that using a token is never a write to the log.

-- +goose Up

CREATE TABLE credential_uses (
    credential TEXT   PRIMARY KEY,
    used_at_ms BIGINT NOT NULL
);
