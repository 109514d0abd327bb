-- What must not be kept for ever, such as what is stored of a password: it is
-- in no revision and no record, and gone when it is replaced. The document
-- that it belongs to holds its hash.

-- +goose Up

CREATE TABLE secrets (
    key   TEXT  PRIMARY KEY,
    value BYTEA NOT NULL
);
