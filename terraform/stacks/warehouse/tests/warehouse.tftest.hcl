# Offline: `terraform init && terraform test` in stacks/warehouse.

mock_provider "aws" {
  source = "../../mocks"
}

override_data {
  target = data.terraform_remote_state.foundation

  values = {
    outputs = {
      name               = "sparkify-dev"
      access             = "private"
      vpc_id             = "vpc-0123456789abcdef0"
      subnet_ids         = ["subnet-0123456789abcdef0"]
      s3_prefix_list_id  = "pl-68a54001"
      kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
      landing_bucket_arn = "arn:aws:s3:::landing"
      landing_prefixes   = ["landing/", "work/"]
      source_url         = "s3://landing/landing"
      work_url           = "s3://landing/work"
    }
  }
}

run "takes_the_foundations_outputs" {
  command = plan

  assert {
    condition     = output.cluster_identifier == "sparkify-dev" && output.source_url == "s3://landing/landing"
    error_message = "The foundation's outputs do not arrive."
  }

  assert {
    condition     = output.warehouse_url == "redshift://sparkify-dev/sparkify?region=us-west-2"
    error_message = "SPARKIFY_WAREHOUSE could not be copied from the output."
  }
}

run "the_same_outputs_of_a_serverless_warehouse" {
  variables {
    warehouse_kind = "serverless"
  }

  override_data {
    target = data.terraform_remote_state.foundation

    values = {
      outputs = {
        name               = "sparkify-dev"
        access             = "private"
        vpc_id             = "vpc-0123456789abcdef0"
        subnet_ids         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]
        s3_prefix_list_id  = "pl-68a54001"
        kms_key_arn        = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
        landing_bucket_arn = "arn:aws:s3:::landing"
        landing_prefixes   = ["landing/", "work/"]
        source_url         = "s3://landing/landing"
        work_url           = "s3://landing/work"
      }
    }
  }

  assert {
    condition     = output.warehouse_url == "redshift-serverless://sparkify-dev/sparkify?region=us-west-2&role=arn:aws:iam::123456789012:role/example"
    error_message = "SPARKIFY_WAREHOUSE could not be copied from the output."
  }

  assert {
    condition     = output.host == "example.123456789012.us-west-2.redshift-serverless.amazonaws.com" && output.workgroup_name == "sparkify-dev"
    error_message = "Nobody is told where the warehouse answers."
  }
}

run "warns_when_the_network_was_built_for_another_access" {
  command = plan

  variables {
    access    = "allow_list"
    warehouse = { client_cidrs = ["203.0.113.7/32"] }
  }

  expect_failures = [check.network_fits_access]
}

run "refuses_prod_in_the_workspace_of_dev" {
  command = plan

  variables {
    environment = "prod"
  }

  expect_failures = [var.environment]
}
