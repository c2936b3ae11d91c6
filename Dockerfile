# One image for code server, daemon, web UI and runs; what each is told to do is in terraform/modules/orchestrator/tasks.tf.
# docs/deploy.md, "On ECS", says how it is built and pushed.
#
# The base is pinned by its tag only. To pin what the tag means today as well, append its digest: docker buildx imagetools
# inspect python:3.12.12-slim-bookworm. Terraform is not installed on purpose: ECS stops a container 120 seconds after it
# asked, which is too short for an apply, so infrastructure is not changed from here.
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /opt/sparkify
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv .venv
# First what the project needs, which seldom changes, so that a new version of the code is a small layer. setuptools reads
# these files, and finds nothing to package yet.
COPY LICENSE pyproject.toml constraints.txt ./
RUN .venv/bin/python -m pip install --constraint constraints.txt --editable '.[deploy]'
COPY . .
RUN .venv/bin/python -m compileall -q redshift_local sample_data sparkify_assets

FROM python:3.12.12-slim-bookworm
#checkov:skip=CKV_DOCKER_2:ECS ignores a HEALTHCHECK; the three services have one each in their task definition
# What RDS's certificates are checked against:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
ADD --chmod=0444 https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem /etc/sparkify/rds-ca.pem
RUN groupadd --gid 10001 sparkify \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/sparkify --create-home sparkify \
    && install -d -o 10001 -g 10001 /var/lib/sparkify/dagster
COPY --from=build /opt/sparkify /opt/sparkify
COPY --chown=10001:10001 deploy/ecs/dagster.yaml /var/lib/sparkify/dagster/dagster.yaml
ENV PATH=/opt/sparkify/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SPARKIFY_HOME=/var/lib/sparkify \
    SPARKIFY_DAGSTER_YAML=/opt/sparkify/deploy/ecs/dagster.yaml \
    DAGSTER_HOME=/var/lib/sparkify/dagster \
    DAGSTER_EVENT_BATCH_SIZE=1000
WORKDIR /opt/sparkify
# By number, so that ECS and others can see that it is not root.
USER 10001:10001
CMD ["dagster", "--version"]
