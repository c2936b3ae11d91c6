-- Locked first by every transaction that changes anything; it never holds a row.
-- A table of its own because LOCK on Redshift keeps readers out too.
create table if not exists ledger.load_lock (
    holder varchar(256)
) diststyle all;

-- One row for each version of a partition (a day of events, a prefix of songs) that was ever staged.
-- staging_rules and star_rules are the fingerprints of the SQL that staged it and that made the star of it.
-- state: incoming (only inside the transaction that publishes) -> published, withdrawn (nothing is left of it in the
-- source) or blocked; published and blocked -> superseded by a newer version
create table if not exists ledger.loads (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    state varchar(16) not null,
    objects integer not null,
    records_read bigint not null,
    rows_staged bigint not null,
    rows_quarantined bigint not null,
    staging_rules varchar(64) not null,
    star_rules varchar(64) default '' not null,
    run_id varchar(64),
    verdict varchar(65535),
    release_reason varchar(4096),
    staged_at timestamp not null,
    published_at timestamp
) diststyle all sortkey (dataset, partition_key);

-- What a batch did: the seconds until it was staged and until it was about to be committed, the rows that each table
-- gained and lost as JSON (table -> inserted, updated, deleted, unchanged), and the first and last day whose plays it
-- wrote.
create table if not exists ledger.batches (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    run_id varchar(64),
    stage_seconds double precision not null,
    publish_seconds double precision not null,
    changes varchar(4096) not null,
    first_day varchar(16),
    last_day varchar(16)
) diststyle all sortkey (run_id);

-- The objects that a load read, each in the version that it read.
create table if not exists ledger.objects (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    object_key varchar(1024) not null,
    version_token varchar(256) not null,
    size_bytes bigint not null,
    content_hash varchar(128)
) diststyle all sortkey (dataset, partition_key);

-- Objects of a load of which nothing was staged, with the first reason.
-- fault: unreadable (as a whole; it counts as one record) or refused (every record of it)
create table if not exists ledger.faulty_objects (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    object_key varchar(1024) not null,
    fault varchar(16) not null,
    records bigint not null,
    reason varchar(1024) not null
) diststyle all sortkey (dataset, partition_key);

-- Which version each published one took the place of.
create table if not exists ledger.replaced_loads (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    replaced_batch_id varchar(64) not null
) diststyle all sortkey (dataset, partition_key);

-- Records that could not be staged, each with its place, the reason and what was written there.
create table if not exists ledger.quarantine (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    object_key varchar(1024),
    position bigint,
    column_name varchar(128),
    reason varchar(1024) not null,
    raw_record varchar(65535)
) diststyle all sortkey (dataset, partition_key);

-- What the checks that warn found in a version: how many records or rows, and the first of them as JSON.
create table if not exists ledger.warnings (
    batch_id varchar(64) not null,
    dataset varchar(16) not null,
    partition_key varchar(16) not null,
    check_name varchar(64) not null,
    violations bigint not null,
    sample varchar(8192) not null
) diststyle all sortkey (dataset, partition_key);
