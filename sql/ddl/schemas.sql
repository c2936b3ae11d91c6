-- the four layers: what COPY brings, what is published of it, what analysts read, and what was loaded
create schema if not exists incoming;
create schema if not exists staging;
create schema if not exists sparkify;
create schema if not exists ledger;
