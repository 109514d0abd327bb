-- What the state was at an earlier moment: when a deleted document ceased to
-- be, and which record of the log says who wrote a revision. Revisions that
-- are older than this migration do not know their record: -1.

-- +goose Up

ALTER TABLE revisions ADD COLUMN seq BIGINT NOT NULL DEFAULT -1;

ALTER TABLE revisions ADD COLUMN deleted_at_ms BIGINT;
