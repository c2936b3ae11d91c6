# Records the VPC's traffic: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html

data "aws_iam_policy_document" "flow_log_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "flow_log_write" {
  statement {
    actions = [
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "logs:DescribeLogGroups",
      "logs:DescribeLogStreams",
    ]
    resources = [local.flow_log_arn, "${local.flow_log_arn}:*"]
  }
}

# The policies need an ARN that is built from its parts. If it were read from the resource, a plan that changes the
# retention would also show the policies as changed.
locals {
  flow_log     = "/${var.name}/vpc-flow-log"
  flow_log_arn = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:log-group:${local.flow_log}"
}

resource "aws_cloudwatch_log_group" "flow_log" {
  name              = local.flow_log
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "flow_log" {
  name                 = "${var.name}-vpc-flow-log"
  description          = "Lets VPC flow logs write to ${local.flow_log}"
  assume_role_policy   = data.aws_iam_policy_document.flow_log_trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "flow_log" {
  name   = "write-flow-log"
  role   = aws_iam_role.flow_log.id
  policy = data.aws_iam_policy_document.flow_log_write.json
}

# Whatever else somebody gives the role by hand, the plan shows and an apply takes away.
resource "aws_iam_role_policies_exclusive" "flow_log" {
  role_name    = aws_iam_role.flow_log.name
  policy_names = [aws_iam_role_policy.flow_log.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "flow_log" {
  role_name   = aws_iam_role.flow_log.name
  policy_arns = []
}

resource "aws_flow_log" "this" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow_log.arn
  iam_role_arn             = aws_iam_role.flow_log.arn
  max_aggregation_interval = 600

  tags = { Name = var.name }
}
