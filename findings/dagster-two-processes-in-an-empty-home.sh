#!/usr/bin/env bash
# Guess: several processes may open Dagster's instance in an empty DAGSTER_HOME at once, as a web server, a daemon and a
#   run do after the folder was lost; the first makes the SQLite files, the others wait for it.
# Behaviour: the storage of events retries when another process was first; those of runs and of schedules do not. One of
#   the processes ends with an error that names neither the home nor another process: "table alembic_version already
#   exists", or alembic's "Version table 'alembic_version' has more than one head present", and others. Which depends on the
#   moment, so this tries up to fifty homes until a process fails.
# Versions: dagster 1.13.27, SQLAlchemy as it comes with it.
# Source: dagster/_core/storage/runs/sqlite/sqlite_run_storage.py (from_local) beside
#   dagster/_core/storage/event_log/sqlite/sqlite_event_log.py (_initdb, which retries).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check dagster==1.13.27
cd "$folder"
cat > race.py <<'PY'
import multiprocessing
import os
import tempfile


def start(home, barrier, outcomes):
    os.environ["DAGSTER_HOME"] = home
    import dagster as dg

    barrier.wait()
    try:
        with dg.DagsterInstance.get():
            outcomes.put("opened")
    except Exception as error:
        outcomes.put("failed over a table" if "table" in str(error).lower() else repr(error))


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    for attempt in range(50):
        with tempfile.TemporaryDirectory() as home:
            open(f"{home}/dagster.yaml", "w").write("telemetry: { enabled: false }\n")
            barrier, outcomes = spawn.Barrier(3), spawn.Queue()
            processes = [spawn.Process(target=start, args=(home, barrier, outcomes)) for _ in range(3)]
            for process in processes:
                process.start()
            seen = sorted(outcomes.get() for _ in processes)
            for process in processes:
                process.join()
        if seen != ["opened"] * 3:
            print("a process", *{outcome for outcome in seen if outcome != "opened"})
            break
PY
seen=$(venv/bin/python race.py 2>/dev/null)
echo "$seen"
[[ "$seen" == "a process failed over a table" ]]
