-- What clients report, beside counts: who uses which flag since when, flags
-- that nobody serves, and impact metrics. The indexes by time are for dropping
-- what is old; they are written once an hour and row.

-- +goose Up

-- Outlives the hours it was counted in: yes_at_ms and no_at_ms are when the
-- answer was last on and last off, 0 for never.
CREATE TABLE flag_uses (
    flag        TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    app         TEXT   NOT NULL,
    first_at_ms BIGINT NOT NULL,
    seen_at_ms  BIGINT NOT NULL,
    yes_at_ms   BIGINT NOT NULL,
    no_at_ms    BIGINT NOT NULL,
    PRIMARY KEY (flag, environment, app)
);

CREATE INDEX flag_uses_by_app ON flag_uses (app);

INSERT INTO flag_uses (flag, environment, app, first_at_ms, seen_at_ms, yes_at_ms, no_at_ms)
SELECT flag, environment, app, MIN(hour_at_ms), MAX(hour_at_ms),
    MAX(CASE WHEN yes_count > 0 THEN hour_at_ms ELSE 0 END), MAX(CASE WHEN no_count > 0 THEN hour_at_ms ELSE 0 END)
FROM usage_hours GROUP BY flag, environment, app;

CREATE TABLE unknown_flags (
    flag        TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    app         TEXT   NOT NULL,
    seen_at_ms  BIGINT NOT NULL,
    PRIMARY KEY (flag, environment, app)
);

CREATE INDEX unknown_flags_by_time ON unknown_flags (seen_at_ms);

-- strategies is a list in JSON, '' where the instance did not say.
ALTER TABLE instances ADD COLUMN frontend BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE instances ADD COLUMN strategies TEXT NOT NULL DEFAULT '';

-- One series of one application in one minute, over all of its instances.
CREATE TABLE impact_windows (
    environment TEXT             NOT NULL,
    metric      TEXT             NOT NULL,
    app         TEXT             NOT NULL,
    labels      TEXT             NOT NULL,
    start_at_ms BIGINT           NOT NULL,
    type        TEXT             NOT NULL,
    count       BIGINT           NOT NULL,
    sum         DOUBLE PRECISION NOT NULL,
    min         DOUBLE PRECISION NOT NULL,
    max         DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (environment, metric, app, labels, start_at_ms, type)
);

CREATE INDEX impact_windows_by_time ON impact_windows (start_at_ms);

CREATE TABLE impact_buckets (
    environment TEXT   NOT NULL,
    metric      TEXT   NOT NULL,
    app         TEXT   NOT NULL,
    labels      TEXT   NOT NULL,
    start_at_ms BIGINT NOT NULL,
    upper       TEXT   NOT NULL,
    count       BIGINT NOT NULL,
    PRIMARY KEY (environment, metric, app, labels, start_at_ms, upper)
);

CREATE INDEX impact_buckets_by_time ON impact_buckets (start_at_ms);

-- Where the last stored report of each sender began: one that does not begin
-- later is a repeat.
CREATE TABLE impact_senders (
    environment TEXT   NOT NULL,
    app         TEXT   NOT NULL,
    instance    TEXT   NOT NULL,
    from_at_ms  BIGINT NOT NULL,
    seen_at_ms  BIGINT NOT NULL,
    PRIMARY KEY (environment, app, instance)
);

CREATE INDEX usage_hours_by_time ON usage_hours (hour_at_ms);

CREATE INDEX usage_variants_by_time ON usage_variants (hour_at_ms);

CREATE INDEX receipts_by_time ON receipts (applied_at_ms);

CREATE INDEX instances_by_time ON instances (seen_at_ms);
