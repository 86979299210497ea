-- One database of a cluster: its partitions, their log, their snapshots.
-- Nothing here counts by a sequence or a clock. A position comes from the row of its partition,
-- which stays locked until the entry that has it is committed.

CREATE TABLE IF NOT EXISTS partitions (
    partition smallint PRIMARY KEY,
    -- Of the last entry.
    position bigint NOT NULL DEFAULT 0,
    -- Grows with each change of the owner.
    epoch bigint NOT NULL DEFAULT 0,
    owner text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    -- What was appended since the newest snapshot, the position of that, and its length.
    log_bytes bigint NOT NULL DEFAULT 0,
    snapshot bigint NOT NULL DEFAULT 0,
    snapshot_bytes bigint NOT NULL DEFAULT 0
) WITH (
    -- Room in each page, so that an update leaves the index alone and the page tidies itself.
    fillfactor = 10,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000
);
INSERT INTO partitions (partition) SELECT generate_series(0, 63) ON CONFLICT DO NOTHING;

-- A row is a group of entries that were committed together, one line of JSON each.
CREATE TABLE IF NOT EXISTS log (
    partition smallint NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    epoch bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (partition, first)
);
ALTER TABLE log ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE IF NOT EXISTS snapshots (
    partition smallint NOT NULL,
    position bigint NOT NULL,
    part integer NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (partition, position, part)
);
ALTER TABLE snapshots ALTER COLUMN body SET STORAGE EXTERNAL;

-- Stands for whatever carries executions out: it takes each key once, however often it comes.
CREATE TABLE IF NOT EXISTS executions (
    project text NOT NULL,
    task text NOT NULL,
    second bigint NOT NULL,
    times integer NOT NULL DEFAULT 1,
    PRIMARY KEY (project, task, second)
);
