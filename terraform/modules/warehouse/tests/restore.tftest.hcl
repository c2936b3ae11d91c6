# From which snapshot the cluster is made, where its snapshots go, and what bounds its roles. Offline: `terraform init && terraform test` in
# modules/warehouse.

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

run "is_made_from_the_snapshot" {
  variables {
    restore = { snapshot_identifier = "sparkify-test-final-20261128-060000" }
  }

  assert {
    condition     = aws_redshift_cluster.this[0].snapshot_identifier == "sparkify-test-final-20261128-060000"
    error_message = "The cluster is not made from the snapshot."
  }

  assert {
    condition     = aws_redshift_cluster.this[0].manage_master_password && aws_redshift_cluster.this[0].kms_key_id == var.kms_key_arn
    error_message = "The restored cluster keeps another's password or key."
  }
}

run "stays_when_the_snapshot_is_no_longer_named" {
  assert {
    condition     = aws_redshift_cluster.this[0].snapshot_identifier == "sparkify-test-final-20261128-060000"
    error_message = "Taking the snapshot's name out would replace the cluster."
  }
}

run "says_that_an_existing_cluster_is_not_restored" {
  command = plan

  variables {
    restore = { snapshot_identifier = "another" }
  }

  expect_failures = [check.restore_is_for_new_clusters]
}

run "bounds_every_role" {
  command = plan

  variables {
    access               = "port_forward"
    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition = alltrue([
      for role in [aws_iam_role.s3_read, aws_iam_role.scheduler[0], aws_iam_role.port_forward[0]] :
      role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    ])
    error_message = "A role has no boundary."
  }
}

run "copies_snapshots_to_another_region" {
  command = plan

  variables {
    snapshot_copy = { destination_region = "us-east-2", grant_name = "sparkify-test-copies" }
  }

  assert {
    condition     = aws_redshift_snapshot_copy.this[0].snapshot_copy_grant_name == "sparkify-test-copies" && aws_redshift_snapshot_copy.this[0].manual_snapshot_retention_period == -1
    error_message = "The copies are not encrypted, or the final snapshot's does not stay."
  }
}

run "refuses_to_copy_to_its_own_region" {
  command = plan

  variables {
    snapshot_copy = { destination_region = "us-west-2", grant_name = "sparkify-test-copies" }
  }

  expect_failures = [var.snapshot_copy]
}

run "refuses_copies_without_a_grant" {
  command = plan

  variables {
    snapshot_copy = { destination_region = "us-east-2", grant_name = "" }
  }

  expect_failures = [var.snapshot_copy]
}

run "refuses_copies_that_stay_too_long" {
  command = plan

  variables {
    snapshot_copy = { destination_region = "us-east-2", grant_name = "copies", retention_days = 36 }
  }

  expect_failures = [var.snapshot_copy]
}

run "refuses_manual_copies_that_stay_no_day" {
  command = plan

  variables {
    snapshot_copy = { destination_region = "us-east-2", grant_name = "copies", manual_retention_days = 0 }
  }

  expect_failures = [var.snapshot_copy]
}

run "refuses_two_snapshots" {
  command = plan

  variables {
    restore = {
      snapshot_identifier = "one"
      snapshot_arn        = "arn:aws:redshift:us-west-2:123456789012:snapshot:sparkify-prod/one"
    }
  }

  expect_failures = [var.restore]
}

run "refuses_an_owner_without_a_snapshot" {
  command = plan

  variables {
    restore = { owner_account = "210987654321" }
  }

  expect_failures = [var.restore]
}

run "refuses_an_owner_that_is_no_account" {
  command = plan

  variables {
    restore = {
      snapshot_identifier = "one"
      owner_account       = "production"
    }
  }

  expect_failures = [var.restore]
}

run "refuses_a_snapshots_name_as_its_arn" {
  command = plan

  variables {
    restore = { snapshot_arn = "sparkify-test-final-20261128-060000" }
  }

  expect_failures = [var.restore]
}

run "refuses_a_boundary_that_is_no_policy" {
  command = plan

  variables {
    permissions_boundary = "boundary"
  }

  expect_failures = [var.permissions_boundary]
}
