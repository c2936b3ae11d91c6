# Offline: `terraform init && terraform test` in stacks/orchestrator.

mock_provider "aws" {
  source = "../../mocks"
}

override_data {
  target = data.terraform_remote_state.foundation

  values = {
    outputs = {
      name                           = "sparkify-dev"
      vpc_id                         = "vpc-0123456789abcdef0"
      vpc_cidr                       = "10.20.0.0/16"
      nat_gateway                    = false
      log_retention_days             = 365
      orchestrator_security_group_id = "sg-0123456789abcdef0"
      subnet_ids                     = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
      kms_key_arn                    = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
      landing_bucket                 = "landing"
      source_url                     = "s3://landing/landing"
      work_url                       = "s3://landing/work"
      queue_url                      = "https://sqs.us-west-2.amazonaws.com/123456789012/sparkify-dev-arrivals"
    }
  }
}

run "roles_are_bounded_by_the_file_of_deploy" {
  command = plan

  assert {
    condition     = strcontains(local.task_policy, "arn:aws:redshift:us-west-2:123456789012:dbuser:sparkify-dev/sparkify_loader") && !strcontains(local.task_policy, "{bucket}")
    error_message = "The policy of deploy/ is not filled in."
  }
}

run "its_tasks_hear_from_the_queue" {
  command = plan

  assert {
    condition     = local.settings.SPARKIFY_QUEUE == "https://sqs.us-west-2.amazonaws.com/123456789012/sparkify-dev-arrivals"
    error_message = "The tasks are not told of the queue."
  }

  assert {
    condition     = strcontains(local.task_policy, "arn:aws:sqs:us-west-2:123456789012:sparkify-dev-arrivals") && strcontains(local.task_policy, "arn:aws:iam::123456789012:role/sparkify-dev-loader")
    error_message = "The tasks may not read the queue, or not become the loader of a serverless warehouse."
  }
}

run "a_workgroup_is_loaded_as_its_loader" {
  command = plan

  variables {
    warehouse_kind = "serverless"
  }

  assert {
    condition     = local.settings.SPARKIFY_WAREHOUSE == "redshift-serverless://sparkify-dev/sparkify?region=us-west-2&role=arn:aws:iam::123456789012:role/sparkify-dev-loader"
    error_message = "The tasks do not assume the loader's role."
  }
}

run "refuses_a_foundation_that_is_not_prepared" {
  command = plan

  override_data {
    target = data.terraform_remote_state.foundation

    values = {
      outputs = {
        name               = "sparkify-dev"
        vpc_id             = "vpc-0123456789abcdef0"
        vpc_cidr           = "10.20.0.0/16"
        nat_gateway        = false
        log_retention_days = 365
        subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
        kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
        landing_bucket     = "landing"
        source_url         = "s3://landing/landing"
        work_url           = "s3://landing/work"
      }
    }
  }

  expect_failures = [terraform_data.prepared]
}
