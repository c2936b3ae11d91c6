output "repository_url" {
  description = "Where images are pushed to."
  value       = aws_ecr_repository.this.repository_url
}

output "cluster" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "database_host" {
  description = "DNS name of Dagster's database."
  value       = aws_db_instance.this.address
}

output "database_secret_arn" {
  description = "ARN (not the content) of the secret with the database's password."
  value       = local.secret_arn
}

output "database_protected" {
  description = "Whether RDS refuses to delete the database."
  value       = aws_db_instance.this.deletion_protection
}

output "log_group" {
  description = "Log group of services and runs."
  value       = aws_cloudwatch_log_group.this.name
}

output "role_arns" {
  description = "ARNs of the roles: execution, run, services."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "web_url" {
  description = "Address of the web UI inside the VPC; null without a load balancer. The certificate's own name has to lead there."
  value       = one([for balancer in aws_lb.this : "https://${balancer.dns_name}"])
}

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-run.html: a task's container is named by its
# runtime id, which changes with each task.
output "port_forward_command" {
  description = "Shell command that forwards the web UI to http://127.0.0.1:3000; null until something runs."
  value = var.image_tag == null ? null : join(" ", [
    "task=$(aws ecs list-tasks --region ${local.region} --cluster ${aws_ecs_cluster.this.name} --service-name dagster --query 'taskArns[0]' --output text)",
    "&& container=$(aws ecs describe-tasks --region ${local.region} --cluster ${aws_ecs_cluster.this.name} --tasks $task --query \"tasks[0].containers[?name=='webserver'].runtimeId | [0]\" --output text)",
    "&& aws ssm start-session --region ${local.region} --target ecs:${aws_ecs_cluster.this.name}_$${task##*/}_$container",
    "--document-name AWS-StartPortForwardingSession --parameters portNumber=3000,localPortNumber=3000",
  ])
}
