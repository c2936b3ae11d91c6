-- what the server is
select version();
