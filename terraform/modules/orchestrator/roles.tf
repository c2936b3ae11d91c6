# Three roles: what ECS itself needs to start a task, what a run does, and what the services do besides: launch runs.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

locals {
  roles = {
    execution = "Lets ECS pull the image, write the logs and read the database's password for ${var.name}"
    run       = "What a run of Dagster does in ${var.name}"
    services  = "What the services of Dagster do in ${var.name}: what runs do, and launching them"
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-dagster-${each.key}"
  description          = each.value
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary
}

data "aws_iam_policy_document" "execution" {
  #checkov:skip=CKV_AWS_356:IAM knows no resource for ecr:GetAuthorizationToken
  statement {
    sid       = "LogInToTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullTheImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.this.arn]
  }

  statement {
    sid       = "WriteTheLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "ReadThePassword"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [local.secret_arn]
  }

  statement {
    sid       = "DecryptThePassword"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.region}.amazonaws.com"]
    }
  }
}

# What dagster-aws's EcsRunLauncher calls, and ECS Exec.
data "aws_iam_policy_document" "services" {
  #checkov:skip=CKV_AWS_356:IAM knows no resource for DescribeTaskDefinition, DescribeNetworkInterfaces and Session Manager's channels
  #checkov:skip=CKV_AWS_111:Session Manager's channels have no name that could be given
  statement {
    sid       = "LaunchRuns"
    actions   = ["ecs:RunTask"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task-definition/${local.run_family}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  statement {
    sid       = "WatchStopAndTagRuns"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask", "ecs:TagResource"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:task/${aws_ecs_cluster.this.name}/*"]
  }

  statement {
    sid       = "SeeWhatATaskIsLike"
    actions   = ["ecs:DescribeTaskDefinition", "ec2:DescribeNetworkInterfaces"]
    resources = ["*"]
  }

  statement {
    sid       = "ReadTheLogOfARunThatFailed"
    actions   = ["logs:GetLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "GiveARunItsRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.this["run"].arn, aws_iam_role.this["execution"].arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
  statement {
    sid = "LetSessionsIn"
    actions = [
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "load" {
  for_each = toset(["run", "services"])

  name   = "load"
  role   = aws_iam_role.this[each.key].id
  policy = var.task_policy
}

resource "aws_iam_role_policy" "execution" {
  name   = "start-tasks"
  role   = aws_iam_role.this["execution"].id
  policy = data.aws_iam_policy_document.execution.json
}

resource "aws_iam_role_policy" "services" {
  name   = "launch-runs"
  role   = aws_iam_role.this["services"].id
  policy = data.aws_iam_policy_document.services.json
}

# What somebody adds to a role is drift, and an apply takes it away.
resource "aws_iam_role_policies_exclusive" "this" {
  for_each = local.roles

  role_name = aws_iam_role.this[each.key].name
  policy_names = concat(
    [for name, policy in aws_iam_role_policy.load : policy.name if name == each.key],
    each.key == "execution" ? [aws_iam_role_policy.execution.name] : [],
    each.key == "services" ? [aws_iam_role_policy.services.name] : [],
  )
}

resource "aws_iam_role_policy_attachments_exclusive" "this" {
  for_each = local.roles

  role_name   = aws_iam_role.this[each.key].name
  policy_arns = []
}
