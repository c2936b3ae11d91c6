# Offline: `terraform init && terraform test` in modules/arrivals.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "sparkify-test"
  bucket      = "sparkify-test-landing-123456789012"
  kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "is_told_of_source_files_only_when_they_come_and_when_they_go" {
  command = plan

  assert {
    condition     = toset([for queue in aws_s3_bucket_notification.this[0].queue : queue.filter_prefix]) == toset(["landing/song_data/", "landing/log_data/"])
    error_message = "Work files and logs would be announced, or source files would not."
  }

  assert {
    condition     = alltrue([for queue in aws_s3_bucket_notification.this[0].queue : queue.events == toset(["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"])])
    error_message = "Something that comes or goes is not announced."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.this) + length(aws_cloudwatch_event_target.this) == 0
    error_message = "Everything would be announced twice."
  }
}

run "lets_nobody_send_but_this_bucket_of_this_account" {
  command = plan

  assert {
    condition     = [for s in data.aws_iam_policy_document.arrivals.statement : s.sid if s.effect != "Deny"] == ["LetTheBucketSend"]
    error_message = "Somebody else may send, or nobody."
  }

  assert {
    condition = jsonencode([for s in data.aws_iam_policy_document.arrivals.statement : {
      who  = [for p in s.principals : p.identifiers]
      when = { for c in s.condition : c.variable => c.values }
      } if s.sid == "LetTheBucketSend"]) == jsonencode([{
      who = [["s3.amazonaws.com"]]
      when = {
        "aws:SourceArn"     = ["arn:aws:s3:::sparkify-test-landing-123456789012"]
        "aws:SourceAccount" = ["123456789012"]
      }
    }])
    error_message = "The queue is not bound to the bucket and the account."
  }

  assert {
    condition     = [for s in data.aws_iam_policy_document.arrivals.statement : one(s.condition).variable if s.effect == "Deny"] == ["aws:SecureTransport"]
    error_message = "Connections without TLS are not refused."
  }
}

run "gives_up_what_nobody_can_read_and_keeps_it_longer" {
  command = apply

  assert {
    condition     = jsondecode(aws_sqs_queue.arrivals.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 }
    error_message = "A message that nobody can read would come for ever."
  }

  assert {
    condition     = jsonencode(jsondecode(aws_sqs_queue.dead_letters.redrive_allow_policy)) == jsonencode({ redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:us-west-2:123456789012:sparkify-test-arrivals"] })
    error_message = "Any queue of the account could give up messages here."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds > aws_sqs_queue.arrivals.message_retention_seconds
    error_message = "A message could expire as soon as it is given up."
  }
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html: a notification has 64 KB at
# most, and a queue that takes less rejects it, so that it is lost.
run "takes_the_longest_notification" {
  command = plan

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.arrivals, aws_sqs_queue.dead_letters] : queue.max_message_size >= 64 * 1024])
    error_message = "A queue rejects S3's longest notifications."
  }
}

run "encrypts_with_the_key_that_it_is_given" {
  command = plan

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.arrivals, aws_sqs_queue.dead_letters] : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "A queue is not encrypted with the environment's key."
  }
}

run "encrypts_with_the_key_of_sqs_otherwise" {
  command = plan

  variables {
    kms_key_arn = null
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.arrivals, aws_sqs_queue.dead_letters] : queue.sqs_managed_sse_enabled && queue.kms_master_key_id == null])
    error_message = "A queue is not encrypted."
  }
}

run "leaves_the_notifications_of_a_shared_bucket_alone" {
  command = plan

  variables {
    delivery      = "eventbridge"
    source_prefix = ""
  }

  assert {
    condition     = length(aws_s3_bucket_notification.this) == 0
    error_message = "The notifications of others would be replaced."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern) == {
      source        = ["aws.s3"]
      "detail-type" = ["Object Created", "Object Deleted"]
      detail = {
        bucket = { name = ["sparkify-test-landing-123456789012"] }
        object = { key = [{ prefix = "log_data/" }, { prefix = "song_data/" }] }
      }
    }
    error_message = "The rule picks other events than those of the source files."
  }

  assert {
    condition = jsonencode([for s in data.aws_iam_policy_document.arrivals.statement : {
      who  = [for p in s.principals : p.identifiers]
      when = { for c in s.condition : c.variable => c.values }
      } if s.sid == "LetTheBucketSend"]) == jsonencode([{
      who = [["events.amazonaws.com"]]
      when = {
        "aws:SourceArn"     = ["arn:aws:events:us-west-2:123456789012:rule/sparkify-test-arrivals"]
        "aws:SourceAccount" = ["123456789012"]
      }
    }])
    error_message = "The queue is not bound to the rule and the account."
  }
}

run "example_plans" {
  command = plan

  module {
    source = "./examples/complete"
  }
}

# Each of these runs has to fail; otherwise the test fails.
run "refuses_what_could_not_work" {
  command = plan

  variables {
    name              = "Sparkify"
    bucket            = "s3://landing"
    source_prefix     = "landing"
    delivery          = "sns"
    kms_key_arn       = "alias/aws/sqs"
    retention_days    = 14
    max_receive_count = 1
  }

  expect_failures = [
    var.name, var.bucket, var.source_prefix, var.delivery, var.kms_key_arn, var.retention_days, var.max_receive_count,
  ]
}
