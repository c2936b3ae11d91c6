# Offline: `terraform init && terraform test` in modules/serverless.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "sparkify-test"
  subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]
  security_group_ids = ["sg-0123456789abcdef0"]
  kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  s3_read_role_arn   = "arn:aws:iam::123456789012:role/sparkify-test-s3-read"
}

run "workgroup_is_private_and_encrypted" {
  command = plan

  assert {
    condition     = !aws_redshiftserverless_workgroup.this.publicly_accessible && aws_redshiftserverless_workgroup.this.enhanced_vpc_routing
    error_message = "The workgroup is public, or COPY leaves the VPC."
  }

  assert {
    condition     = aws_redshiftserverless_namespace.this.kms_key_id == var.kms_key_arn && aws_redshiftserverless_namespace.this.admin_password_secret_kms_key_id == var.kms_key_arn
    error_message = "The data or the admin secret is not encrypted with the environment's key."
  }

  assert {
    condition     = contains([for p in aws_redshiftserverless_workgroup.this.config_parameter : "${p.parameter_key}=${p.parameter_value}"], "require_ssl=true")
    error_message = "The workgroup takes connections without TLS."
  }

  assert {
    condition     = aws_redshiftserverless_namespace.this.manage_admin_password && aws_redshiftserverless_namespace.this.admin_user_password == null
    error_message = "The admin password passes through Terraform."
  }

  assert {
    condition     = aws_redshiftserverless_namespace.this.log_exports == toset(["connectionlog", "userlog", "useractivitylog"])
    error_message = "Something is not logged."
  }

  assert {
    condition     = aws_redshiftserverless_namespace.this.default_iam_role_arn == var.s3_read_role_arn && aws_redshiftserverless_namespace.this.iam_roles == toset([var.s3_read_role_arn])
    error_message = "COPY's default role is another one, or there are more."
  }
}

run "spending_has_limits" {
  command = plan

  assert {
    condition     = keys(aws_redshiftserverless_usage_limit.compute) == ["daily"]
    error_message = "There is no daily limit by default."
  }

  assert {
    condition = alltrue([
      for limit in aws_redshiftserverless_usage_limit.compute :
      limit.usage_type == "serverless-compute" && limit.breach_action == "deactivate" && limit.amount == 24
    ])
    error_message = "A limit only logs, or counts something else."
  }

  assert {
    condition     = aws_redshiftserverless_workgroup.this.base_capacity == 8 && aws_redshiftserverless_workgroup.this.max_capacity == 32
    error_message = "The default is not a small workgroup with an upper end."
  }
}

run "loads_have_one_role_that_may_only_log_in" {
  assert {
    condition     = data.aws_iam_policy_document.loader_trust.statement[0].actions == toset(["sts:AssumeRole"]) && one(data.aws_iam_policy_document.loader_trust.statement[0].principals).identifiers == toset(["arn:aws:iam::123456789012:root"])
    error_message = "Another account could load."
  }

  assert {
    condition     = length(data.aws_iam_policy_document.loader.statement) == 1 && data.aws_iam_policy_document.loader.statement[0].resources == toset([aws_redshiftserverless_workgroup.this.arn])
    error_message = "The loader's role may do more than log in to this workgroup."
  }
}

run "a_target_for_price_and_speed_leaves_the_base_to_redshift" {
  command = plan

  variables {
    price_performance_target = 50
  }

  assert {
    condition     = aws_redshiftserverless_workgroup.this.price_performance_target[0].enabled && aws_redshiftserverless_workgroup.this.price_performance_target[0].level == 50
    error_message = "The target does not arrive."
  }
}

run "the_largest_capacities_go_in_larger_steps" {
  command = plan

  variables {
    base_capacity = 544
    max_capacity  = 1024
  }
}

run "example_plans" {
  command = plan

  module {
    source = "./examples/complete"
  }
}

run "refuses_two_subnets" {
  command = plan

  variables {
    subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  }

  expect_failures = [var.subnet_ids]
}

run "refuses_the_vpcs_default_group" {
  command = plan

  variables {
    security_group_ids = []
  }

  expect_failures = [var.security_group_ids]
}

run "refuses_a_capacity_between_the_steps" {
  command = plan

  variables {
    base_capacity = 520
    max_capacity  = 1024
  }

  expect_failures = [var.base_capacity]
}

run "refuses_an_end_below_the_base" {
  command = plan

  variables {
    base_capacity = 64
  }

  expect_failures = [var.max_capacity]
}

run "refuses_to_be_without_a_limit" {
  command = plan

  variables {
    rpu_hours = {}
  }

  expect_failures = [var.rpu_hours]
}

run "refuses_everybody_as_the_loader_and_a_target_between_the_levels" {
  command = plan

  variables {
    loader_principal_arns    = ["*"]
    price_performance_target = 60
  }

  expect_failures = [var.loader_principal_arns, var.price_performance_target]
}
