-- The user of `sparkify serve`: an analyst, with what the group reads.
alter group sparkify_reader add user analyst;
