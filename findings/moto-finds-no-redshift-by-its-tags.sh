#!/usr/bin/env bash
# Guess: a test that looks for what a `terraform destroy` has left, by the tag that everything carries, fails against moto
#   while the Redshift cluster still stands.
# Behaviour: GetResources of moto's tagging API knows no Redshift: neither the cluster nor its parameter group nor its
#   snapshot is listed, although Redshift's own DescribeTags returns the tag of all three, and a queue and a topic with the
#   same tag are found. Of EventBridge it lists buses and no rules. So the search comes back without the most expensive
#   resource, and no error says that a service is missing; on AWS all of them can be found by their tags.
# Versions: moto 5.2.5, boto3 as it comes with it.
# Source: moto/resourcegroupstaggingapi/models.py (_get_resources_generator);
#   https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html (Amazon Redshift).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    'moto[events,redshift,resourcegroupstaggingapi,sns,sqs]==5.2.5'
cat > "$folder/tagged.py" <<'PY'
import boto3
from moto import mock_aws

WHERE = {"region_name": "us-west-2", "aws_access_key_id": "none", "aws_secret_access_key": "none"}
TAGS = [{"Key": "project", "Value": "music"}]

with mock_aws():
    redshift = boto3.client("redshift", **WHERE)
    redshift.create_cluster_parameter_group(
        ParameterGroupName="group", ParameterGroupFamily="redshift-1.0", Description="of music", Tags=TAGS
    )
    redshift.create_cluster(
        ClusterIdentifier="warehouse", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Abcd1234",
        Tags=TAGS,
    )
    redshift.create_cluster_snapshot(SnapshotIdentifier="final", ClusterIdentifier="warehouse", Tags=TAGS)
    events = boto3.client("events", **WHERE)
    events.create_event_bus(Name="bus", Tags=TAGS)
    events.put_rule(Name="rule", EventPattern='{"source": ["music"]}', Tags=TAGS)
    boto3.client("sqs", **WHERE).create_queue(QueueName="queue", tags={"project": "music"})
    boto3.client("sns", **WHERE).create_topic(Name="topic", Tags=TAGS)

    own = redshift.describe_tags(TagKeys=["project"])["TaggedResources"]
    print("Redshift's own tags:", *sorted(one["ResourceType"] for one in own), sep="\n  ")
    tagging = boto3.client("resourcegroupstaggingapi", **WHERE)
    found = tagging.get_resources(TagFilters=[{"Key": "project", "Values": ["music"]}])["ResourceTagMappingList"]
    print("found by the tag:", *sorted(one["ResourceARN"] for one in found), sep="\n  ")
PY
seen=$("$folder/venv/bin/python" "$folder/tagged.py")
echo "$seen"
[[ "$seen" == "Redshift's own tags:
  cluster
  parametergroup
  snapshot
found by the tag:
  arn:aws:events:us-west-2:123456789012:event-bus/bus
  arn:aws:sns:us-west-2:123456789012:topic
  arn:aws:sqs:us-west-2:123456789012:queue" ]]
