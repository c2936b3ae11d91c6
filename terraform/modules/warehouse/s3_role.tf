# The role that COPY uses. Only this warehouse can assume it, and it can only read, and only these prefixes.

data "aws_iam_policy_document" "s3_read_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = concat(["redshift.amazonaws.com"], var.kind == "serverless" ? ["redshift-serverless.amazonaws.com"] : [])
    }

    # Redshift sends the ARN of the database user as the external ID, which binds the role to the cluster or workgroup:
    # https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-database-users.html
    condition {
      test     = "StringLike"
      variable = "sts:ExternalId"
      values   = ["arn:${local.partition}:redshift:${local.region}:${local.account}:dbuser:${var.name}/*"]
    }
  }
}

data "aws_iam_policy_document" "s3_read" {
  statement {
    sid     = "ReadObjects"
    actions = ["s3:GetObject"]
    resources = concat(
      [for prefix in var.landing_prefixes : "${var.landing_bucket_arn}/${prefix}*"],
      [for bucket in var.extra_source_buckets : "arn:${local.partition}:s3:::${bucket}/*"],
    )
  }

  statement {
    sid       = "ListTheLandingPrefixes"
    actions   = ["s3:ListBucket"]
    resources = [var.landing_bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for prefix in var.landing_prefixes : "${prefix}*"]
    }
  }

  statement {
    sid       = "FindTheBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = concat([var.landing_bucket_arn], local.extra_bucket_arns)
  }

  dynamic "statement" {
    for_each = length(local.extra_bucket_arns) > 0 ? [1] : []

    content {
      sid       = "ListTheExtraBuckets"
      actions   = ["s3:ListBucket"]
      resources = local.extra_bucket_arns
    }
  }

  statement {
    sid       = "DecryptThroughS3Only"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }
}

locals {
  extra_bucket_arns = [for bucket in var.extra_source_buckets : "arn:${local.partition}:s3:::${bucket}"]
}

resource "aws_iam_role" "s3_read" {
  name                 = "${var.name}-s3-read"
  description          = "Lets the Redshift cluster ${var.name} read its sources"
  assume_role_policy   = data.aws_iam_policy_document.s3_read_trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "s3_read" {
  name   = "read-sources"
  role   = aws_iam_role.s3_read.id
  policy = data.aws_iam_policy_document.s3_read.json
}

# Whatever else somebody gives the role by hand, the plan shows and an apply takes away.
resource "aws_iam_role_policies_exclusive" "s3_read" {
  role_name    = aws_iam_role.s3_read.name
  policy_names = [aws_iam_role_policy.s3_read.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "s3_read" {
  role_name   = aws_iam_role.s3_read.name
  policy_arns = []
}
