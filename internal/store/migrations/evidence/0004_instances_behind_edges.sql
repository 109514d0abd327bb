-- What an instance reads, and which edge it follows: who is to have a change.

-- +goose Up

ALTER TABLE instances ADD COLUMN projects TEXT NOT NULL DEFAULT '';

ALTER TABLE instances ADD COLUMN edge TEXT NOT NULL DEFAULT '';
