output "bucket" {
  description = "Name of the landing bucket."
  value       = aws_s3_bucket.this.bucket
}

output "bucket_arn" {
  description = "ARN of the landing bucket."
  value       = local.bucket_arn
}

output "source_prefix" {
  description = "Key prefix of the source files: song_data/ and log_data/ go below it."
  value       = "landing/"
}

output "work_prefix" {
  description = "Key prefix of manifests and compacted files, which loads write and remove."
  value       = "work/"
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts all data of the environment."
  value       = aws_kms_key.this.arn
}
