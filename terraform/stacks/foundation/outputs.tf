output "name" {
  description = "Prefix of all names in this environment, and the cluster's identifier."
  value       = local.name
}

output "region" {
  description = "AWS region of the environment."
  value       = var.region
}

output "access" {
  description = "How clients reach the cluster, as the network was built for it."
  value       = var.access
}

output "vpc_id" {
  description = "ID of the VPC."
  value       = module.network.vpc_id
}

output "subnet_ids" {
  description = "IDs of the subnets."
  value       = module.network.subnet_ids
}

output "s3_prefix_list_id" {
  description = "Prefix list of S3."
  value       = module.network.s3_prefix_list_id
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts all data of the environment."
  value       = module.landing.kms_key_arn
}

output "landing_bucket" {
  description = "Name of the landing bucket."
  value       = module.landing.bucket
}

output "landing_bucket_arn" {
  description = "ARN of the landing bucket."
  value       = module.landing.bucket_arn
}

output "landing_prefixes" {
  description = "Key prefixes that the cluster reads: source files, and the loads' work files."
  value       = [module.landing.source_prefix, module.landing.work_prefix]
}

output "source_url" {
  description = "Where source files go: the value of SPARKIFY_SOURCE."
  value       = "s3://${module.landing.bucket}/${trimsuffix(module.landing.source_prefix, "/")}"
}

output "work_url" {
  description = "Where loads keep manifests and compacted files: the value of SPARKIFY_WORK."
  value       = "s3://${module.landing.bucket}/${trimsuffix(module.landing.work_prefix, "/")}"
}

output "queue_url" {
  description = "The queue that is told what landed: the value of SPARKIFY_QUEUE. Empty where there is none."
  value       = try(module.arrivals[0].queue_url, "")
}
