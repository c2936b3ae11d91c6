output "queue_url" {
  description = "URL of the queue: the value of SPARKIFY_QUEUE."
  value       = aws_sqs_queue.arrivals.url
}

output "queue_arn" {
  description = "ARN of the queue, for the policies of who reads it."
  value       = aws_sqs_queue.arrivals.arn
}

output "dead_letter_queue_url" {
  description = "URL of the queue with the messages that nobody could read."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  description = "ARN of the queue with the messages that nobody could read."
  value       = aws_sqs_queue.dead_letters.arn
}
