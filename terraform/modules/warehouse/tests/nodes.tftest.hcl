# Which clusters may be ordered. Offline: `terraform init && terraform test` in modules/warehouse.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "sparkify-test"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]
  s3_prefix_list_id  = "pl-68a54001"
  kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  landing_bucket_arn = "arn:aws:s3:::landing"
}

run "takes_two_graviton_nodes" {
  command = plan

  variables {
    node_type  = "rg.xlarge"
    node_count = 2
  }

  assert {
    condition     = aws_redshift_cluster.this[0].node_type == "rg.xlarge" && aws_redshift_cluster.this[0].cluster_type == "multi-node"
    error_message = "The cluster is not what was ordered."
  }

  assert {
    condition     = !aws_redshift_cluster.this[0].multi_az && aws_redshift_cluster.this[0].availability_zone_relocation_enabled
    error_message = "A cluster in one zone may move to another."
  }
}

run "takes_a_single_small_graviton_node" {
  command = plan

  variables {
    node_type = "rg.large"
  }

  assert {
    condition     = aws_redshift_cluster.this[0].cluster_type == "single-node"
    error_message = "rg.large is one of the types that may stand alone."
  }
}

run "runs_in_two_zones_without_moving_between_them" {
  command = plan

  variables {
    node_type      = "ra3.4xlarge"
    node_count     = 2
    multi_az       = true
    pause_schedule = {}
  }

  assert {
    condition     = aws_redshift_cluster.this[0].multi_az && !aws_redshift_cluster.this[0].availability_zone_relocation_enabled
    error_message = "Redshift refuses relocation for a Multi-AZ deployment."
  }

  assert {
    condition     = length(aws_redshift_scheduled_action.this) == 0
    error_message = "A Multi-AZ deployment cannot be paused."
  }
}

run "refuses_a_node_type_that_does_not_exist" {
  command = plan

  variables {
    node_type = "rg.2xlarge"
  }

  expect_failures = [var.node_type]
}

run "refuses_a_single_large_graviton_node" {
  command = plan

  variables {
    node_type = "rg.xlarge"
  }

  expect_failures = [var.node_count]
}

run "refuses_a_single_ra3_4xlarge" {
  command = plan

  variables {
    node_type = "ra3.4xlarge"
  }

  expect_failures = [var.node_count]
}

run "refuses_more_nodes_than_a_cluster_is_created_with" {
  command = plan

  variables {
    node_type      = "rg.xlarge"
    node_count     = 17
    max_node_count = 20
  }

  expect_failures = [var.node_count]
}

run "refuses_half_a_node" {
  command = plan

  variables {
    node_count = 1.5
  }

  expect_failures = [var.node_count]
}

run "refuses_one_node_in_two_zones" {
  command = plan

  variables {
    multi_az       = true
    pause_schedule = {}
  }

  expect_failures = [var.multi_az]
}

run "refuses_two_zones_with_subnets_in_two" {
  command = plan

  variables {
    subnet_ids     = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    node_count     = 2
    multi_az       = true
    pause_schedule = {}
  }

  expect_failures = [var.multi_az]
}

run "refuses_to_pause_two_zones" {
  command = plan

  variables {
    node_count = 2
    multi_az   = true
  }

  expect_failures = [var.multi_az]
}
