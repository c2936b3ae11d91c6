-- Rows that the session's last COPY loaded, and its ids: in the STL views, and in the SYS views, which number queries
-- otherwise (docs: SYS_QUERY_HISTORY). Right after the COPY and in one statement, for the last id is that of the query
-- before (docs: LAST_USER_QUERY_ID).
select pg_last_copy_count(), pg_last_copy_id(), last_user_query_id();
