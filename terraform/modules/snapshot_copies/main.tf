# What copies of snapshots need in the region that they go to: a key, and the grant by which Redshift encrypts with it.
# https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-snapshots.html#cross-region-snapshot-copy

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:a key policy's resource "*" is the key itself; the account's root must be able to manage it
  #checkov:skip=CKV_AWS_111:a key policy's resource "*" is the key itself; the account's root must be able to manage it
  #checkov:skip=CKV_AWS_356:a key policy's resource "*" is the key itself; there is no other way to name it
  # The account's IAM policies decide who uses the key: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
  statement {
    sid       = "LetIamDecide"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Copies of the Redshift snapshots of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_redshift_snapshot_copy_grant" "this" {
  snapshot_copy_grant_name = "${var.name}-copies"
  kms_key_id               = aws_kms_key.this.arn
}
