# The queue that gets a message whenever a source file of a bucket comes, changes or goes, and the one behind it for
# messages that nobody can read.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  by_eventbridge = var.delivery == "eventbridge"

  # Work files and logs lie in the same bucket, below other prefixes; loads would announce themselves.
  prefixes = { for folder in ["song_data/", "log_data/"] : folder => "${var.source_prefix}${folder}" }

  # Built from their parts instead of read from the resources, which need them for their policies.
  queue_name = "${var.name}-arrivals"
  queue_arn  = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:${local.queue_name}"
  rule_name  = "${var.name}-arrivals"

  # In bytes, as SQS's own default. S3's notifications have 64 KB at most, and a queue that takes less rejects them:
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
  max_message_size = 256 * 1024

  # Who sends: the bucket itself, or the rule that picks the bucket's events.
  sender = local.by_eventbridge ? {
    service = "events.amazonaws.com"
    arn     = "arn:${data.aws_partition.current.partition}:events:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:rule/${local.rule_name}"
    } : {
    service = "s3.amazonaws.com"
    arn     = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
  }
}

data "aws_iam_policy_document" "arrivals" {
  # A bucket's name can come to belong to another account, so that of the account is asked for too:
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
  statement {
    sid       = "LetTheBucketSend"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]

    principals {
      type        = "Service"
      identifiers = [local.sender.service]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.sender.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  statement {
    sid       = "RefuseWhatIsNotTLS"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# What a queue allows is part of it and no resource of its own, for which the provider would wait half a minute more.
resource "aws_sqs_queue" "dead_letters" {
  name                              = "${var.name}-arrivals-dead-letters"
  message_retention_seconds         = 14 * 86400
  max_message_size                  = local.max_message_size
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600

  # No other queue of the account gives up its messages here.
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arn]
  })
}

resource "aws_sqs_queue" "arrivals" {
  name                              = local.queue_name
  policy                            = data.aws_iam_policy_document.arrivals.json
  message_retention_seconds         = var.retention_days * 86400
  visibility_timeout_seconds        = 300
  max_message_size                  = local.max_message_size
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 3600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

# All notifications of a bucket are one resource, and this replaces whatever else the bucket notifies. S3 tries the way
# when it is told of it.
resource "aws_s3_bucket_notification" "this" {
  count = local.by_eventbridge ? 0 : 1

  bucket = var.bucket

  dynamic "queue" {
    for_each = local.prefixes

    content {
      id            = "arrivals-${trimsuffix(queue.key, "/")}"
      queue_arn     = aws_sqs_queue.arrivals.arn
      filter_prefix = queue.value

      # Deletions by a lifecycle rule are events of their own:
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
      events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
    }
  }
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html; the bucket's owner switches it on there.
resource "aws_cloudwatch_event_rule" "this" {
  count = local.by_eventbridge ? 1 : 0

  name        = local.rule_name
  description = "Source files of ${var.bucket} that come, change or go, for the queue ${local.queue_name}"

  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created", "Object Deleted"]
    detail = {
      bucket = { name = [var.bucket] }
      object = { key = [for prefix in values(local.prefixes) : { prefix = prefix }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "this" {
  count = local.by_eventbridge ? 1 : 0

  rule = aws_cloudwatch_event_rule.this[0].name
  arn  = aws_sqs_queue.arrivals.arn
}
