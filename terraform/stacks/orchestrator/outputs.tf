output "repository_url" {
  description = "Where images are pushed to."
  value       = module.orchestrator.repository_url
}

output "cluster" {
  description = "Name of the ECS cluster."
  value       = module.orchestrator.cluster
}

output "database_host" {
  description = "DNS name of Dagster's database."
  value       = module.orchestrator.database_host
}

output "database_secret_arn" {
  description = "ARN (not the content) of the secret with the database's password."
  value       = module.orchestrator.database_secret_arn
}

output "database_protected" {
  description = "Whether RDS refuses to delete the database."
  value       = module.orchestrator.database_protected
}

output "log_group" {
  description = "Log group of services and runs."
  value       = module.orchestrator.log_group
}

output "role_arns" {
  description = "ARNs of the roles: execution, run, services."
  value       = module.orchestrator.role_arns
}

output "web_url" {
  description = "Address of the web UI inside the VPC; null without a load balancer."
  value       = module.orchestrator.web_url
}

output "port_forward_command" {
  description = "Shell command that forwards the web UI to http://127.0.0.1:3000; null until something runs."
  value       = module.orchestrator.port_forward_command
}
