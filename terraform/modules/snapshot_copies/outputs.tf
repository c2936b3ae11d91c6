output "grant_name" {
  description = "Name of the grant: the value of snapshot_copy.grant_name."
  value       = aws_redshift_snapshot_copy_grant.this.snapshot_copy_grant_name
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the copies."
  value       = aws_kms_key.this.arn
}
