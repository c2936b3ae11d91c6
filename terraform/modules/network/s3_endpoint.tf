# How COPY, and loads that run in the VPC, reach S3. With enhanced VPC routing there is no other way:
# https://docs.aws.amazon.com/redshift/latest/mgmt/enhanced-vpc-routing.html

locals {
  s3     = "arn:${data.aws_partition.current.partition}:s3:::"
  region = data.aws_region.current.id

  # AWS's own buckets, by the pages that name them. Their requests are signed by the service or by nobody, so no condition
  # on the account can be put to them; each is one bucket, of which objects are read.
  aws_objects = concat(
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    var.image_layers ? ["${local.s3}prod-${local.region}-starport-layer-bucket/*"] : [],
    # https://repost.aws/knowledge-center/ec2-al1-al2-update-yum-without-internet (the hash is the bucket's own), and
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html: the agent's updates.
    var.host_updates ? [
      "${local.s3}al2023-repos-${local.region}-de612dc2/*",
      "${local.s3}amazon-ssm-${local.region}/*",
      "${local.s3}amazon-ssm-packages-${local.region}/*",
    ] : [],
  )
}

data "aws_iam_policy_document" "s3_endpoint" {
  statement {
    sid       = "ReadFromTheSourceBuckets"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:GetBucketLocation"]
    resources = flatten([for arn in var.readable_bucket_arns : [arn, "${arn}/*"]])

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    # The policy of a gateway endpoint accepts no principal but "*", so this condition limits it to the account.
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  dynamic "statement" {
    for_each = length(var.writable_object_arns) > 0 ? [1] : []

    content {
      sid       = "WriteWorkFiles"
      actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      resources = var.writable_object_arns

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalAccount"
        values   = [data.aws_caller_identity.current.account_id]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.aws_objects) > 0 ? [1] : []

    content {
      sid       = "ReadWhatAWSProvides"
      actions   = ["s3:GetObject"]
      resources = local.aws_objects

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }
    }
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.id}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.this.id]
  policy            = data.aws_iam_policy_document.s3_endpoint.json

  tags = { Name = "${var.name}-s3" }
}
