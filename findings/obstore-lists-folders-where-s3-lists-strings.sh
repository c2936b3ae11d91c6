#!/usr/bin/env bash
# Guess: obstore's list() over S3 gives the keys that ListObjectsV2 gives for the same prefix, which is a string there.
# Behaviour: a prefix is a folder. `log_data/2018-11-1` lists nothing, although two keys begin so; `song_data/A` leaves out
#   `song_data/AB/…`. A folder's marker, the key `log_data/`, is listed as `log_data`, a key that the bucket does not have.
#   And where one key below the prefix has an empty segment (`a//b`), the listing of all of them ends with an error.
# Versions: obstore 0.12.1, boto3 1.44.5, moto 5.2.5.
# Source: https://developmentseed.org/obstore/latest/api/list/ (prefixes "are evaluated on a path segment basis");
#   https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-0}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check obstore==0.12.1 boto3==1.44.5 'moto[s3,server]==5.2.5'
cd "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/moto_server -H 127.0.0.1 -p "$port" >/dev/null 2>&1 &
server=$!
cat > list.py <<'PY'
import sys
import time

import boto3
import obstore

place = dict(endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", region_name="us-east-1",
             aws_access_key_id="x", aws_secret_access_key="x")
s3 = boto3.client("s3", **place)
for _ in range(100):
    try:
        s3.create_bucket(Bucket="bucket")
        break
    except Exception:
        time.sleep(0.2)
for key in ("log_data/", "log_data/2018-11-12.json", "log_data/2018-11-13.json", "song_data/AB/x.json", "a/b", "a//b"):
    s3.put_object(Bucket="bucket", Key=key, Body=b"")
store = obstore.store.S3Store("bucket", endpoint=place["endpoint_url"], region="us-east-1", access_key_id="x",
                              secret_access_key="x", client_options={"allow_http": True})
for prefix in ("log_data/2018-11-1", "song_data/A", "log_data", "a"):
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", [])]
    try:
        found = [item["path"] for page in obstore.list(store, prefix=prefix) for item in page]
    except Exception as error:
        found = type(error).__name__
    print(f"{prefix}: S3 {keys}, obstore {found}")
PY
seen=$(venv/bin/python list.py "$port")
echo "$seen"
[[ "$seen" == "log_data/2018-11-1: S3 ['log_data/2018-11-12.json', 'log_data/2018-11-13.json'], obstore []
song_data/A: S3 ['song_data/AB/x.json'], obstore []
log_data: S3 ['log_data/', 'log_data/2018-11-12.json', 'log_data/2018-11-13.json'], obstore ['log_data', 'log_data/2018-11-12.json', 'log_data/2018-11-13.json']
a: S3 ['a//b', 'a/b'], obstore InvalidPathError" ]]
