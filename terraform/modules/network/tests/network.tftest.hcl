# Offline: `terraform init && terraform test` in modules/network.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                 = "sparkify-test"
  readable_bucket_arns = ["arn:aws:s3:::landing", "arn:aws:s3:::udacity-dend"]
  kms_key_arn          = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "is_private_by_default" {
  command = plan

  assert {
    condition     = length(aws_internet_gateway.this) == 0 && length(aws_route.internet) == 0
    error_message = "There is a way to the internet that nobody asked for."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.this : !subnet.map_public_ip_on_launch])
    error_message = "A subnet hands out public addresses."
  }

  assert {
    condition     = keys(aws_subnet.this) == ["us-west-2a", "us-west-2b"] && aws_subnet.this["us-west-2b"].cidr_block == "10.20.16.0/20"
    error_message = "Expected a subnet in each of the first two zones, a sixteenth of the VPC each."
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "The default security group is open."
  }

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL"
    error_message = "The flow log does not see everything."
  }
}

run "s3_endpoint_reaches_the_named_buckets_only" {
  command = plan

  assert {
    condition = toset(data.aws_iam_policy_document.s3_endpoint.statement[0].resources) == toset([
      "arn:aws:s3:::landing", "arn:aws:s3:::landing/*", "arn:aws:s3:::udacity-dend", "arn:aws:s3:::udacity-dend/*",
    ])
    error_message = "The endpoint's policy is not limited to the buckets."
  }

  assert {
    condition     = length(data.aws_iam_policy_document.s3_endpoint.statement) == 1
    error_message = "Something can be written through the endpoint that nobody asked for."
  }

  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway"
    error_message = "S3 is not reached by the (free) gateway endpoint."
  }
}

run "loads_inside_the_vpc_may_write_their_work_files" {
  command = plan

  variables {
    writable_object_arns = ["arn:aws:s3:::landing/work/*"]
  }

  assert {
    condition     = toset(data.aws_iam_policy_document.s3_endpoint.statement[1].resources) == toset(["arn:aws:s3:::landing/work/*"])
    error_message = "A load in the VPC could not write its work files, or could write more."
  }

  assert {
    condition     = !contains(data.aws_iam_policy_document.s3_endpoint.statement[0].actions, "s3:PutObject")
    error_message = "The sources could be written to through the endpoint."
  }
}

run "example_plans_with_an_internet_route" {
  command = plan

  module {
    source = "./examples/complete"
  }
}

run "awss_own_buckets_are_closed_until_they_are_needed" {
  command = plan

  variables {
    image_layers = true
    host_updates = true
  }

  assert {
    condition = toset(data.aws_iam_policy_document.s3_endpoint.statement[1].resources) == toset([
      "arn:aws:s3:::prod-us-west-2-starport-layer-bucket/*",
      "arn:aws:s3:::al2023-repos-us-west-2-de612dc2/*",
      "arn:aws:s3:::amazon-ssm-us-west-2/*",
      "arn:aws:s3:::amazon-ssm-packages-us-west-2/*",
    ]) && data.aws_iam_policy_document.s3_endpoint.statement[1].actions == toset(["s3:GetObject"])
    error_message = "Not exactly what images and a host's updates need can be read."
  }
}

run "nat_gateway_on_demand" {
  command = plan

  variables {
    nat_gateway = true
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.internet) == 0 && aws_subnet.public[0].cidr_block == "10.20.240.0/20"
    error_message = "Expected one gateway, in a subnet of its own, and no direct route."
  }
}

run "refuses_two_routes_to_the_internet" {
  command = plan

  variables {
    nat_gateway    = true
    internet_route = true
  }

  expect_failures = [var.nat_gateway]
}

run "internet_route_on_demand" {
  command = plan

  variables {
    internet_route = true
  }

  assert {
    condition     = length(aws_route.internet) == 1
    error_message = "No route to the internet."
  }
}

# Each of these runs has to fail; otherwise the test fails.
run "refuses_wildcards_and_a_range_that_is_too_small" {
  command = plan

  variables {
    readable_bucket_arns = ["arn:aws:s3:::*"]
    writable_object_arns = ["arn:aws:s3:::landing/*"]
    cidr                 = "10.20.0.0/28"
  }

  expect_failures = [var.readable_bucket_arns, var.writable_object_arns, var.cidr]
}
