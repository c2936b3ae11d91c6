output "cluster_identifier" {
  description = "Identifier of the cluster; null if the warehouse is serverless."
  value       = one(aws_redshift_cluster.this[*].cluster_identifier)
}

output "cluster_arn" {
  description = "ARN of the cluster; null if the warehouse is serverless."
  value       = one(aws_redshift_cluster.this[*].arn)
}

output "workgroup_name" {
  description = "Name of the workgroup; null if the warehouse is provisioned."
  value       = one(module.serverless[*].workgroup_name)
}

output "loader_role_arn" {
  description = "ARN of the role that loads of a serverless warehouse assume; null if it is provisioned."
  value       = one(module.serverless[*].loader_role_arn)
}

output "host" {
  description = "DNS name of the warehouse's endpoint."
  value       = local.host
}

output "port" {
  description = "Port of the warehouse's endpoint."
  value       = one(concat(aws_redshift_cluster.this[*].port, module.serverless[*].port))
}

output "database" {
  description = "Name of the first database."
  value       = one(concat(aws_redshift_cluster.this[*].database_name, module.serverless[*].database))
}

output "s3_read_role_arn" {
  description = "ARN of the role that COPY names as IAM_ROLE."
  value       = aws_iam_role.s3_read.arn
}

output "admin_secret_arn" {
  description = "ARN (not the content) of the admin user's secret, which Redshift makes and rotates."
  value       = one(concat(aws_redshift_cluster.this[*].master_password_secret_arn, module.serverless[*].admin_secret_arn))
}

output "clients_security_group_id" {
  description = "Security group whose members may connect to the warehouse."
  value       = aws_security_group.clients.id
}

output "final_snapshot_identifier" {
  description = "Name of the snapshot that destroying the cluster leaves behind; null if none."
  value       = one(aws_redshift_cluster.this[*].final_snapshot_identifier)
}

output "port_forward_command" {
  description = "Command that forwards the warehouse's port to this machine; null unless access is port_forward."
  value = var.access == "port_forward" ? join(" ", [
    "aws ssm start-session --region ${local.region} --target ${aws_instance.port_forward[0].id}",
    "--document-name AWS-StartPortForwardingSessionToRemoteHost",
    "--parameters host=${local.host},portNumber=${var.port},localPortNumber=${var.port}",
  ]) : null
}
