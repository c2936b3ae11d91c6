# How COPY, and loads that run in the VPC, reach S3. With enhanced VPC routing there is no other way:
# https://docs.aws.amazon.com/redshift/latest/mgmt/enhanced-vpc-routing.html

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
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.id}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.this.id]
  policy            = data.aws_iam_policy_document.s3_endpoint.json

  tags = { Name = "${var.name}-s3" }
}
