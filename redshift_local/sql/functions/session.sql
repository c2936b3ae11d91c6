-- https://docs.aws.amazon.com/redshift/latest/dg/r_VERSION.html, which does not show it: clients read the words
-- "PostgreSQL 8.0.2" and "Redshift 1.0.". The release is that of parameters.py.
create or replace function redshift.version() returns varchar
    immutable parallel safe
    return 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), '
        'Redshift 1.0.77467';
