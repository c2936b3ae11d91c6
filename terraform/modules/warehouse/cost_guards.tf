# What limits the bill of a cluster while nobody is watching, even if the orchestrator is gone. Those of a workgroup are
# in ../serverless.

resource "aws_redshift_usage_limit" "concurrency_scaling" {
  count = local.provisioned

  cluster_identifier = aws_redshift_cluster.this[0].cluster_identifier
  feature_type       = "concurrency-scaling"
  limit_type         = "time"
  period             = "daily"
  amount             = var.concurrency_scaling_minutes
  breach_action      = "disable"
}

resource "aws_redshift_usage_limit" "spectrum" {
  count = local.provisioned

  cluster_identifier = aws_redshift_cluster.this[0].cluster_identifier
  feature_type       = "spectrum"
  limit_type         = "data-scanned"
  period             = "daily"
  amount             = var.spectrum_terabytes
  breach_action      = "disable"
}

locals {
  schedules = { for action in ["pause", "resume"] : action => var.pause_schedule[action] if local.provisioned == 1 && var.pause_schedule[action] != null }
}

resource "aws_redshift_scheduled_action" "this" {
  for_each = local.schedules

  name        = "${var.name}-${each.key}"
  description = "Lets ${var.name} ${each.key} by itself"
  schedule    = each.value
  iam_role    = aws_iam_role.scheduler[0].arn

  target_action {
    dynamic "pause_cluster" {
      for_each = each.key == "pause" ? [1] : []

      content {
        cluster_identifier = aws_redshift_cluster.this[0].cluster_identifier
      }
    }

    dynamic "resume_cluster" {
      for_each = each.key == "resume" ? [1] : []

      content {
        cluster_identifier = aws_redshift_cluster.this[0].cluster_identifier
      }
    }
  }
}

# https://docs.aws.amazon.com/redshift/latest/mgmt/managing-cluster-operations.html (scheduled actions need this principal)
data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.redshift.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions   = ["redshift:PauseCluster", "redshift:ResumeCluster"]
    resources = [local.cluster_arn]
  }
}

resource "aws_iam_role" "scheduler" {
  count = local.provisioned

  name                 = "${var.name}-pause-schedule"
  description          = "Lets Redshift's scheduler pause and resume ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.scheduler_trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "scheduler" {
  count = local.provisioned

  name   = "pause-and-resume"
  role   = aws_iam_role.scheduler[0].id
  policy = data.aws_iam_policy_document.scheduler.json
}

# Whatever else somebody gives the role by hand, the plan shows and an apply takes away.
resource "aws_iam_role_policies_exclusive" "scheduler" {
  count = local.provisioned

  role_name    = aws_iam_role.scheduler[0].name
  policy_names = [aws_iam_role_policy.scheduler[0].name]
}

resource "aws_iam_role_policy_attachments_exclusive" "scheduler" {
  count = local.provisioned

  role_name   = aws_iam_role.scheduler[0].name
  policy_arns = []
}
