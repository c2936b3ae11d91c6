"""JDBC, by the driver of PostgreSQL that Debian packages (libpostgresql-jdbc-java), in a JVM inside Python.

Amazon's own driver is in no registry of packages that this is installed from.
"""

import jpype
from steps import CREATE, NAMES, PASTES, SCHEMA, same, step

jpype.startJVM(classpath=["/usr/share/java/postgresql.jar"])
amazon, postgresql = PASTES["jdbc"].splitlines()

with step("paste"):
    jpype.JClass("org.postgresql.Driver")
    connection = jpype.JClass("java.sql.DriverManager").getConnection(postgresql)
    rows = connection.createStatement().executeQuery("select 41 + 1")
    same((rows.next(), rows.getInt(1)), (True, 42))

with step("write"):
    statement = connection.createStatement()
    statement.execute(f"create schema {SCHEMA}")
    statement.execute(CREATE)
    insert = connection.prepareStatement(f"insert into {SCHEMA}.items (id, name) values (?, ?)")
    for number, name in enumerate(("O'Hara", "Žofie"), 1):
        insert.setInt(1, number)
        insert.setString(2, name)
        insert.addBatch()
    same(list(insert.executeBatch()), [1, 1])

with step("read"):
    select = connection.prepareStatement(f"select name from {SCHEMA}.items where id = ?")
    select.setInt(1, 2)
    rows = select.executeQuery()
    same((rows.next(), str(rows.getString("name")), rows.next()), (True, "Žofie", False))

with step("list"):
    tables = connection.getMetaData().getTables(None, SCHEMA, "%", ["TABLE"])
    same((tables.next(), str(tables.getString("TABLE_NAME")), tables.next()), (True, "items", False))

with step("reflect"):
    columns = connection.getMetaData().getColumns(None, SCHEMA, "items", "%")
    found = []
    while columns.next():
        found.append(str(columns.getString("COLUMN_NAME")))
    same(found, list(NAMES))

with step("rollback"):
    connection.setAutoCommit(False)
    connection.createStatement().execute(f"delete from {SCHEMA}.items")
    connection.rollback()
    rows = connection.createStatement().executeQuery(f"select count(*) from {SCHEMA}.items")
    same((rows.next(), rows.getInt(1)), (True, 2))
