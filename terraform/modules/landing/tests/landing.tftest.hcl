# Offline: `terraform init && terraform test` in modules/landing.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name = "sparkify-test"
}

run "is_closed_encrypted_and_versioned" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "sparkify-test-landing-123456789012"
    error_message = "The bucket's name is not unique to the account."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "The bucket keeps no versions."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "Objects are not encrypted with the environment's key."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket could be made public."
  }

  assert {
    condition     = data.aws_iam_policy_document.tls_only.statement[0].effect == "Deny" && one(data.aws_iam_policy_document.tls_only.statement[0].condition).variable == "aws:SecureTransport"
    error_message = "Connections without TLS are not refused."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key does not rotate, or could be gone before anybody notices."
  }
}

run "lets_notifications_of_this_account_use_the_key" {
  command = plan

  assert {
    condition = jsonencode([for s in data.aws_iam_policy_document.key.statement : {
      who  = sort(flatten([for p in s.principals : p.identifiers]))
      when = { for c in s.condition : c.variable => c.values }
      } if s.sid == "LetNotificationsEncrypt"]) == jsonencode([{
      who  = ["events.amazonaws.com", "s3.amazonaws.com"]
      when = { "aws:SourceAccount" = ["123456789012"] }
    }])
    error_message = "No message could be encrypted, or those of any account could."
  }
}

run "current_objects_never_expire" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.expiration) == 0])
    error_message = "A lifecycle rule removes current objects."
  }

  assert {
    condition     = contains([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : try(rule.noncurrent_version_expiration[0].noncurrent_days, 0)], 90)
    error_message = "Noncurrent versions are not removed after 90 days."
  }

  assert {
    condition     = contains([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0)], 7)
    error_message = "Unfinished uploads are not aborted."
  }
}

run "destroying_a_full_bucket_fails_by_default" {
  command = plan

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A destroy would take the data with it."
  }
}

run "example_plans" {
  command = plan

  module {
    source = "./examples/complete"
  }
}

# Each of these runs has to fail; otherwise the test fails.
run "refuses_a_key_that_is_gone_too_soon_and_an_upper_case_name" {
  command = plan

  variables {
    key_deletion_days = 1
    name              = "Sparkify"
  }

  expect_failures = [var.key_deletion_days, var.name]
}
