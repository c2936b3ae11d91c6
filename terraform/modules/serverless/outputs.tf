output "workgroup_name" {
  description = "Name of the workgroup, and of its namespace."
  value       = aws_redshiftserverless_workgroup.this.workgroup_name
}

output "workgroup_arn" {
  description = "ARN of the workgroup."
  value       = aws_redshiftserverless_workgroup.this.arn
}

output "namespace_arn" {
  description = "ARN of the namespace."
  value       = aws_redshiftserverless_namespace.this.arn
}

output "host" {
  description = "DNS name of the workgroup's endpoint."
  value       = aws_redshiftserverless_workgroup.this.endpoint[0].address
}

output "port" {
  description = "Port of the workgroup's endpoint."
  value       = aws_redshiftserverless_workgroup.this.port
}

output "database" {
  description = "Name of the first database."
  value       = aws_redshiftserverless_namespace.this.db_name
}

output "admin_secret_arn" {
  description = "ARN (not the content) of the admin user's secret, which Redshift makes and rotates."
  value       = aws_redshiftserverless_namespace.this.admin_password_secret_arn
}

output "loader_role_arn" {
  description = "ARN of the role that loads assume."
  value       = aws_iam_role.loader.arn
}

output "endpoint_access" {
  description = "DNS names of the further endpoints, by their names."
  value       = { for name, endpoint in aws_redshiftserverless_endpoint_access.this : name => endpoint.address }
}
