variable "name" {
  description = "Prefix of every resource's name, for instance sparkify-dev. The queue is <name>-arrivals."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name))
    error_message = "name is 4 to 32 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "bucket" {
  description = "Name of the bucket whose source files are announced, in this account and region."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket is the name of a bucket, without s3:// and without a prefix."
  }
}

variable "source_prefix" {
  description = "Key prefix above song_data/ and log_data/, with a slash at its end; empty where these are at the top of the bucket."
  type        = string
  default     = "landing/"

  validation {
    condition     = var.source_prefix == "" || can(regex("^[^/].*/$", var.source_prefix))
    error_message = "source_prefix is empty, or ends with a slash and does not begin with one."
  }
}

variable "delivery" {
  description = "bucket: the bucket notifies the queue, which replaces all other notifications of the bucket; eventbridge: a rule of EventBridge does, and the bucket's notifications stay as they are. EventBridge has to be switched on for the bucket."
  type        = string
  default     = "bucket"

  validation {
    condition     = contains(["bucket", "eventbridge"], var.delivery)
    error_message = "delivery is bucket or eventbridge."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the messages; its policy must let the sender use it. Without it: the key of SQS itself."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a key. An alias, or the AWS managed key of SQS, cannot let a bucket send."
  }
}

variable "retention_days" {
  description = "Days for which a message waits that nobody receives (1 to 13). What the dead-letter queue gets it keeps until 14 days after it was sent."
  type        = number
  default     = 10

  # The age of a message counts from when it was sent, in both queues:
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 13 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days is a whole number from 1 to 13, so that the dead-letter queue keeps messages longer."
  }
}

variable "max_receive_count" {
  description = "How often a message is received without being deleted until the dead-letter queue gets it."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 2 && var.max_receive_count <= 1000
    error_message = "max_receive_count is from 2 to 1000; with 1, a reader that is restarted would lose a message."
  }
}
