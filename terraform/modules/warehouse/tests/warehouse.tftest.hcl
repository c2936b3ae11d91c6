# Offline: `terraform init && terraform test` in modules/warehouse.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "sparkify-test"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0"]
  s3_prefix_list_id  = "pl-68a54001"
  kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  landing_bucket_arn = "arn:aws:s3:::landing"
}

run "cluster_is_private_and_encrypted" {
  command = plan

  assert {
    condition     = !aws_redshift_cluster.this[0].publicly_accessible && aws_redshift_cluster.this[0].enhanced_vpc_routing
    error_message = "The cluster is public, or COPY leaves the VPC."
  }

  assert {
    condition     = tobool(aws_redshift_cluster.this[0].encrypted) && aws_redshift_cluster.this[0].kms_key_id == var.kms_key_arn
    error_message = "The cluster is not encrypted with the environment's key."
  }

  assert {
    condition     = contains([for p in aws_redshift_parameter_group.this[0].parameter : "${p.name}=${p.value}"], "require_ssl=true")
    error_message = "The cluster takes connections without TLS."
  }

  assert {
    condition     = aws_redshift_cluster.this[0].manage_master_password && aws_redshift_cluster.this[0].master_password == null
    error_message = "The admin password passes through Terraform."
  }

  assert {
    condition     = alltrue([for rule in aws_security_group.cluster.ingress : try(length(rule.cidr_blocks), 0) == 0]) && length(aws_instance.port_forward) == 0
    error_message = "Somebody from outside gets in."
  }

  assert {
    condition     = one(aws_security_group.cluster.egress).prefix_list_ids == tolist(["pl-68a54001"]) && try(length(one(aws_security_group.cluster.egress).cidr_blocks), 0) == 0
    error_message = "The cluster reaches more than S3."
  }
}

run "roles_and_groups_hold_what_is_declared_and_no_more" {
  command = plan

  variables {
    access = "port_forward"
  }

  assert {
    condition     = aws_iam_role_policies_exclusive.s3_read.policy_names == toset(["read-sources"]) && aws_iam_role_policies_exclusive.scheduler[0].policy_names == toset(["pause-and-resume"]) && length(aws_iam_role_policies_exclusive.port_forward[0].policy_names) == 0
    error_message = "An inline policy added by hand would stay."
  }

  assert {
    condition     = length(aws_iam_role_policy_attachments_exclusive.s3_read.policy_arns) + length(aws_iam_role_policy_attachments_exclusive.scheduler[0].policy_arns) == 0 && aws_iam_role_policy_attachments_exclusive.port_forward[0].policy_arns == toset(["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"])
    error_message = "A policy attached by hand would stay."
  }

  assert {
    condition     = length(aws_security_group.clients.ingress) + length(aws_security_group.port_forward[0].ingress) == 0
    error_message = "A way in added by hand would stay."
  }
}

run "role_is_bound_to_the_cluster_and_its_prefixes" {
  command = plan

  variables {
    extra_source_buckets = ["udacity-dend"]
  }

  assert {
    condition     = one(data.aws_iam_policy_document.s3_read_trust.statement[0].condition).values == tolist(["arn:aws:redshift:us-west-2:123456789012:dbuser:sparkify-test/*"])
    error_message = "Another cluster could take the role."
  }

  assert {
    condition     = toset(data.aws_iam_policy_document.s3_read.statement[0].resources) == toset(["arn:aws:s3:::landing/landing/*", "arn:aws:s3:::landing/work/*", "arn:aws:s3:::udacity-dend/*"])
    error_message = "COPY reads other objects than those of the sources."
  }

  assert {
    condition     = alltrue([for s in data.aws_iam_policy_document.s3_read.statement : alltrue([for a in s.actions : contains(["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "kms:Decrypt"], a)])])
    error_message = "The role may do more than read."
  }

  assert {
    condition     = one([for s in data.aws_iam_policy_document.s3_read.statement : s if s.sid == "DecryptThroughS3Only"]).condition == toset([{ test = "StringEquals", values = tolist(["s3.us-west-2.amazonaws.com"]), variable = "kms:ViaService" }])
    error_message = "The role may decrypt other things than S3 objects."
  }
}

run "spending_has_limits" {
  command = plan

  assert {
    condition     = aws_redshift_usage_limit.spectrum[0].breach_action == "disable" && aws_redshift_usage_limit.concurrency_scaling[0].breach_action == "disable"
    error_message = "A usage limit only logs."
  }

  assert {
    condition     = keys(aws_redshift_scheduled_action.this) == ["pause"] && aws_redshift_scheduled_action.this["pause"].target_action[0].pause_cluster[0].cluster_identifier == "sparkify-test"
    error_message = "A forgotten cluster does not pause."
  }

  assert {
    condition     = aws_redshift_cluster.this[0].node_type == "ra3.large" && aws_redshift_cluster.this[0].cluster_type == "single-node"
    error_message = "The default is not the smallest cluster."
  }
}

run "final_snapshot_is_kept_under_a_name_of_its_own" {
  assert {
    condition     = !aws_redshift_cluster.this[0].skip_final_snapshot && can(regex("^sparkify-test-final-[0-9]{8}-[0-9]{6}$", aws_redshift_cluster.this[0].final_snapshot_identifier))
    error_message = "Destroying the cluster would lose its data, or fail the second time."
  }
}

run "allow_list_opens_to_the_given_ranges_only" {
  command = plan

  variables {
    access       = "allow_list"
    client_cidrs = ["203.0.113.7/32", "203.0.113.7/32"] # AWS refuses a rule of a group twice
  }

  assert {
    condition     = aws_redshift_cluster.this[0].publicly_accessible && flatten([for rule in aws_security_group.cluster.ingress : coalesce(rule.cidr_blocks, [])]) == ["203.0.113.7/32"]
    error_message = "The allow list is not what was given."
  }

  assert {
    condition     = !aws_redshift_cluster.this[0].availability_zone_relocation_enabled
    error_message = "Redshift refuses relocation for public clusters."
  }
}

run "port_forward_host_has_no_way_in" {
  variables {
    access = "port_forward"
  }

  assert {
    condition     = !aws_redshift_cluster.this[0].publicly_accessible
    error_message = "The cluster is public."
  }

  assert {
    condition = aws_instance.port_forward[0].vpc_security_group_ids == toset([
      aws_security_group.port_forward[0].id, aws_security_group.clients.id,
    ])
    error_message = "The host carries a group that lets somebody in."
  }

  assert {
    condition     = aws_instance.port_forward[0].metadata_options[0].http_tokens == "required"
    error_message = "The host's metadata can be read without a session."
  }

  assert {
    condition     = startswith(output.port_forward_command, "aws ssm start-session --region us-west-2 --target ")
    error_message = "Nobody is told how to use the host."
  }
}

run "a_serverless_warehouse_has_a_workgroup_and_no_cluster" {
  variables {
    kind       = "serverless"
    subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]
    serverless = { base_capacity = 16 }
  }

  assert {
    condition     = length(aws_redshift_cluster.this) == 0 && length(aws_redshift_scheduled_action.this) == 0 && length(aws_iam_role.scheduler) == 0
    error_message = "A cluster is made beside the workgroup, or something that pauses one."
  }

  assert {
    condition     = output.workgroup_name == "sparkify-test" && output.cluster_identifier == null && output.final_snapshot_identifier == null
    error_message = "The outputs are those of a cluster."
  }

  assert {
    condition     = contains(one(data.aws_iam_policy_document.s3_read_trust.statement[0].principals).identifiers, "redshift-serverless.amazonaws.com")
    error_message = "The workgroup cannot take the role that reads S3."
  }
}

run "refuses_serverless_in_one_zone" {
  command = plan

  variables {
    kind = "serverless"
  }

  expect_failures = [var.subnet_ids]
}

run "refuses_another_kind" {
  command = plan

  variables {
    kind = "cluster"
  }

  expect_failures = [var.kind]
}

run "example_plans" {
  command = plan

  module {
    source = "./examples/complete"
  }
}

run "refuses_the_whole_internet" {
  command = plan

  variables {
    access       = "allow_list"
    client_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.client_cidrs]
}

run "refuses_half_of_the_internet" {
  command = plan

  variables {
    access       = "allow_list"
    client_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]
  }

  expect_failures = [var.client_cidrs]
}

run "refuses_an_empty_allow_list" {
  command = plan

  variables {
    access = "allow_list"
  }

  expect_failures = [var.client_cidrs]
}

run "refuses_more_nodes_than_the_cap" {
  command = plan

  variables {
    node_count = 5
  }

  expect_failures = [var.node_count]
}

# Each of these runs has to fail; otherwise the test fails.
run "refuses_yesterdays_node_type_and_a_landing_prefix_that_is_everything" {
  command = plan

  variables {
    node_type        = "dc2.large"
    landing_prefixes = ["*/"]
  }

  expect_failures = [var.node_type, var.landing_prefixes]
}
