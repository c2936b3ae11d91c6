-- Once for a warehouse, by its administrator: the one user that owns and loads the tables, whoever asks IAM for it.
-- It has no password; GetClusterCredentials or GetCredentials lets it in (docs: r_CREATE_USER).
create user %(loader)s password disable;
