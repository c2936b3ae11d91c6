-- By a server's administrator, whenever an endpoint begins to serve it. A superuser of Redshift is a member of
-- redshift_superuser: it has the rights of every user, but none on the server's machine.
do $$
    begin
        create role redshift_superuser;
    exception
        when duplicate_object or unique_violation then null;
    end
$$;
-- The databases that only the administrator uses.
revoke connect, temporary on database postgres, template1 from public;
