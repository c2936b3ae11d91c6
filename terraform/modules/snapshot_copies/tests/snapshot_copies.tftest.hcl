# Offline: `terraform init && terraform test` in modules/snapshot_copies.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name = "sparkify-test"
}

run "grants_the_use_of_a_key_of_this_region" {
  assert {
    condition     = output.grant_name == "sparkify-test-copies" && aws_redshift_snapshot_copy_grant.this.kms_key_id == output.kms_key_arn
    error_message = "Redshift could not encrypt the copies."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key does not rotate, or is gone too soon after a slip."
  }
}

run "example_plans" {
  command = plan

  module {
    source = "./examples/complete"
  }
}

run "refuses_a_name_that_no_cluster_can_have" {
  command = plan

  variables {
    name = "Sparkify"
  }

  expect_failures = [var.name]
}

run "refuses_a_key_that_is_gone_within_a_week" {
  command = plan

  variables {
    key_deletion_days = 1
  }

  expect_failures = [var.key_deletion_days]
}
