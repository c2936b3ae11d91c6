#!/usr/bin/env bash
# Guess: a condition that ST09 (structure.join_condition_order) refuses is accepted once `sqlfluff fix` has turned it.
# Behaviour: in a subquery whose two union branches join the same aliases in opposite orders, the first branch is
#   refused either way: lint, fix ("FIXED"), lint again, the same violation at the same place; a second fix restores the
#   file as it was. Renaming the aliases of one branch ends it.
# Versions: sqlfluff 4.5.0.
# Source: rule ST09 as documented in "Rules Reference", docs.sqlfluff.com (structure.join_condition_order).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check sqlfluff==4.5.0
cd "$folder"

cat > query.sql <<'SQL'
select found.id
from (
    select o.id
    from (select distinct id from orders) as o
    left join payments as p on o.id = p.order_id
    union all
    select p.id
    from payments as p
    left join orders as o on p.order_id = o.id
    where o.id is null
) as found
SQL
lint() { venv/bin/sqlfluff lint --dialect ansi --rules ST09 "$1" | grep -c '| ST09 |' || true; }
fix() { venv/bin/sqlfluff fix -q --dialect ansi --rules ST09 "$1" >/dev/null 2>&1 || true; }

cp query.sql once.sql && fix once.sql
cp once.sql twice.sql && fix twice.sql
sed '7,$ s/\bo\b/x/g; 7,$ s/\bp\b/y/g' query.sql > renamed.sql
seen="violations as written: $(lint query.sql)
violations after one fix: $(lint once.sql)
the fix changed the file: $(cmp -s query.sql once.sql && echo no || echo yes)
a second fix restored it: $(cmp -s query.sql twice.sql && echo yes || echo no)
violations with other aliases in the second branch: $(lint renamed.sql)"
echo "$seen"
[[ "$seen" == "violations as written: 1
violations after one fix: 1
the fix changed the file: yes
a second fix restored it: yes
violations with other aliases in the second branch: 0" ]]
