variable "name" {
  description = "Prefix of every resource's name, for instance sparkify-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,22}[a-z0-9]$", var.name))
    error_message = "name is 4 to 24 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "vpc_id" {
  description = "ID of the VPC."
  type        = string
}

variable "vpc_cidr" {
  description = "Address range of the VPC, which may use the interface endpoints."
  type        = string
}

variable "subnet_ids" {
  description = "IDs of private subnets in at least two availability zones, which RDS asks for."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids names at least two subnets: RDS, and a load balancer, need two availability zones."
  }
}

variable "security_group_id" {
  description = "Security group of the tasks, which whatever they reach admits."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts database, logs, images and the database's secret. Its policy must allow CloudWatch Logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 365
}

variable "permissions_boundary" {
  description = "ARN of a policy that bounds each role's permissions; null for none."
  type        = string
  default     = null
}

variable "task_policy" {
  description = "IAM policy (JSON) of what loads do: deploy/orchestrator-policy.json with its values."
  type        = string

  validation {
    condition     = can(jsondecode(var.task_policy).Statement)
    error_message = "task_policy is an IAM policy in JSON."
  }
}

variable "settings" {
  description = "Environment variables of every container: SPARKIFY_SOURCE, SPARKIFY_WORK, SPARKIFY_WAREHOUSE, DAGSTER_LOGS_BUCKET and other settings of the project, none of them secret."
  type        = map(string)
}

variable "image_tag" {
  description = "Tag of the image in the repository that this module makes; null until one has been pushed, and then nothing runs."
  type        = string
  default     = null

  validation {
    condition     = try(var.image_tag == null || var.image_tag != "latest", true)
    error_message = "image_tag names one version, for instance a commit. The repository lets no tag move, so latest would be pushed only once."
  }
}

variable "cpu_architecture" {
  description = "Processor that the image was built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture is X86_64 or ARM64."
  }
}

variable "services_size" {
  description = "CPU units and MiB of the task with the three services, one of Fargate's combinations."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 512, memory = 2048 }
}

variable "run_size" {
  description = "CPU units and MiB of a run's task, one of Fargate's combinations."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 1024, memory = 2048 }
}

variable "database" {
  description = "Dagster's database: instance_class, gigabytes, multi_az, backup_days, deletion_protection, final_snapshot."
  type = object({
    instance_class      = optional(string, "db.t4g.micro")
    gigabytes           = optional(number, 20)
    multi_az            = optional(bool, false)
    backup_days         = optional(number, 7)
    deletion_protection = optional(bool, true)
    final_snapshot      = optional(bool, true)
  })
  default = {}

  validation {
    condition     = var.database.backup_days >= 1 && var.database.backup_days <= 35
    error_message = "database.backup_days is between 1 and 35 (a rule of RDS; 0 would switch backups off)."
  }
}

variable "interface_endpoints" {
  description = "Services of AWS that get an interface endpoint; empty where the subnets have a route to a NAT gateway."
  type        = set(string)
  default     = ["ec2", "ecr.api", "ecr.dkr", "ecs", "logs", "redshift", "secretsmanager", "sqs", "ssmmessages"]
}

variable "endpoint_zones" {
  description = "Number of subnets in which each interface endpoint has an address; each costs as much again."
  type        = number
  default     = 1
}

variable "load_balancer" {
  description = "Internal load balancer for the web UI: the ARN of its certificate, and the address ranges that it admits. Null for none; the web UI then listens on loopback and is reached by port forwarding."
  type = object({
    certificate_arn = string
    client_cidrs    = list(string)
  })
  default = null

  validation {
    condition     = var.load_balancer == null ? true : length(var.load_balancer.client_cidrs) > 0 && !contains(var.load_balancer.client_cidrs, "0.0.0.0/0")
    error_message = "load_balancer.client_cidrs names who may use the web UI, which has no users of its own: at least one range, and not everybody."
  }
}
