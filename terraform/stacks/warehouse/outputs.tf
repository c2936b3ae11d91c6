output "region" {
  description = "AWS region of the cluster."
  value       = var.region
}

output "access" {
  description = "How clients reach the cluster."
  value       = var.access
}

output "cluster_identifier" {
  description = "Identifier of the cluster; null if the warehouse is serverless."
  value       = module.warehouse.cluster_identifier
}

output "workgroup_name" {
  description = "Name of the workgroup; null if the warehouse is provisioned."
  value       = module.warehouse.workgroup_name
}

output "loader_role_arn" {
  description = "ARN of the role that loads of a serverless warehouse assume; null if it is provisioned."
  value       = module.warehouse.loader_role_arn
}

output "host" {
  description = "DNS name of the cluster's endpoint."
  value       = module.warehouse.host
}

output "port" {
  description = "Port of the cluster's endpoint."
  value       = module.warehouse.port
}

output "database" {
  description = "Name of the first database."
  value       = module.warehouse.database
}

output "warehouse_url" {
  description = "The value of SPARKIFY_WAREHOUSE."
  value = (var.warehouse_kind == "serverless"
    ? "redshift-serverless://${module.warehouse.workgroup_name}/${module.warehouse.database}?region=${var.region}&role=${module.warehouse.loader_role_arn}"
    : "redshift://${module.warehouse.cluster_identifier}/${module.warehouse.database}?region=${var.region}"
  )
}

output "s3_read_role_arn" {
  description = "ARN of the role that COPY names as IAM_ROLE."
  value       = module.warehouse.s3_read_role_arn
}

output "admin_secret_arn" {
  description = "ARN (not the content) of the admin user's secret."
  value       = module.warehouse.admin_secret_arn
}

output "clients_security_group_id" {
  description = "Security group whose members may connect to the cluster."
  value       = module.warehouse.clients_security_group_id
}

output "final_snapshot_identifier" {
  description = "Name of the snapshot that destroying the cluster leaves behind."
  value       = module.warehouse.final_snapshot_identifier
}

output "port_forward_command" {
  description = "Command that forwards the cluster's port to this machine; null unless access is port_forward."
  value       = module.warehouse.port_forward_command
}

output "source_url" {
  description = "Where source files go: the value of SPARKIFY_SOURCE."
  value       = local.foundation.source_url
}

output "work_url" {
  description = "Where loads keep manifests and compacted files: the value of SPARKIFY_WORK."
  value       = local.foundation.work_url
}

output "queue_url" {
  description = "The queue that is told what landed: the value of SPARKIFY_QUEUE. Empty where there is none."
  value       = try(local.foundation.queue_url, "")
}
