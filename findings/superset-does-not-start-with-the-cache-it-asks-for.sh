#!/usr/bin/env bash
# Guess: what `pip install apache-superset` brings starts, because its requirements say which versions it takes.
# Behaviour: it requires flask-caching<3,>=2.1.0, but its own cache class does not take an argument that later releases of
#   that library pass, so making the application ends with a TypeError. With Flask-Caching 2.3.1 it ends with a ModuleNotFoundError instead, because a
#   module imports cachetools, which nothing requires. With both mended it starts.
# Versions: apache-superset 6.1.0; Flask-Caching 2.5.1 and 2.3.1; cachetools 8.0.2; Python 3.11.
# Source: the requirements of the distribution (importlib.metadata), superset/utils/cache_manager.py, and
#   superset/db_engine_specs/aws_iam.py.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
pip() { venv/bin/python -m pip install -qq --disable-pip-version-check "$@"; }
cat > superset_config.py <<'PY'
from superset.utils.log import StdOutEventLogger

SECRET_KEY = "only for this"
SQLALCHEMY_DATABASE_URI = "sqlite:///superset.db"
EVENT_LOGGER = StdOutEventLogger()
PY
cat > start.py <<'PY'
import logging

logging.disable()
try:
    from superset.app import create_app

    create_app()
    import superset.db_engine_specs.aws_iam
    print("it starts")
except Exception as error:
    print(f"{type(error).__name__}: {error}")
PY
start() { SUPERSET_CONFIG_PATH=$folder/superset_config.py venv/bin/python start.py 2>/dev/null | tail -1; }
pip apache-superset==6.1.0 Flask-Caching==2.5.1
echo "requires: $(venv/bin/python -c 'from importlib.metadata import requires; print([r for r in requires("apache-superset") if "caching" in r.lower() or "cachetools" in r.lower()])')"
first=$(start)
echo "Flask-Caching 2.5.1: $first"
pip Flask-Caching==2.3.1
second=$(start)
echo "Flask-Caching 2.3.1: $second"
pip cachetools==8.0.2
third=$(start)
echo "and cachetools:      $third"
[[ "$first" == "TypeError: SupersetMetastoreCache.__init__() got an unexpected keyword argument 'ignore_delete_many_errors'" ]]
[[ "$second" == "ModuleNotFoundError: No module named 'cachetools'" ]]
[[ "$third" == "it starts" ]]
