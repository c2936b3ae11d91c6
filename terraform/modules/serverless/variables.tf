variable "name" {
  description = "Name of the namespace and of the workgroup, and prefix of the loader role's name, for instance sparkify-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name))
    error_message = "name is 4 to 32 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

# Where it is

variable "subnet_ids" {
  description = "Subnets of the workgroup, in at least three availability zones."
  type        = list(string)

  # https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-usage-considerations.html
  validation {
    condition     = length(var.subnet_ids) >= 3
    error_message = "Redshift Serverless needs at least three subnets in three availability zones, and there are ${length(var.subnet_ids)}: the network needs az_count = 3 first."
  }
}

variable "security_group_ids" {
  description = "Security groups of the workgroup's endpoint."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0
    error_message = "security_group_ids names at least one group; without one the VPC's default group would decide who gets in."
  }
}

variable "publicly_accessible" {
  description = "Whether the endpoint has a public address. Its security groups still decide who gets in."
  type        = bool
  default     = false
}

variable "endpoint_access" {
  description = "Further endpoints of the workgroup by name, for clients in other subnets, each with its subnets and security groups."
  type = map(object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  }))
  default = {}
}

variable "port" {
  description = "Port of the endpoint: 5431 to 5455 or 8191 to 8215."
  type        = number
  default     = 5439

  validation {
    condition     = (var.port >= 5431 && var.port <= 5455) || (var.port >= 8191 && var.port <= 8215)
    error_message = "port is between 5431 and 5455 or between 8191 and 8215."
  }
}

# What it holds

variable "kms_key_arn" {
  description = "Key that encrypts the data, the snapshots and the admin secret. It must outlive them."
  type        = string
}

variable "database" {
  description = "Name of the first database."
  type        = string
  default     = "sparkify"
}

variable "admin_username" {
  description = "Name of the admin user. Redshift makes its password and keeps it in Secrets Manager; it never passes through Terraform."
  type        = string
  default     = "sparkify_admin"
}

variable "s3_read_role_arn" {
  description = "ARN of the role that COPY uses; it becomes the namespace's default role."
  type        = string
}

variable "loader_principal_arns" {
  description = "ARNs of the only IAM identities that may assume the loader's role. Without any, those of this account whose policies let them."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.loader_principal_arns : can(regex("^arn:[^:]+:iam::[0-9]{12}:(role|user|root)", arn))])
    error_message = "loader_principal_arns holds ARNs of IAM roles, users or accounts, never \"*\"."
  }
}

# How much it computes, and what that may cost

variable "base_capacity" {
  description = "RPUs that a query begins with: 4, 8 to 512 in steps of 8, or 512 to 1024 in steps of 32."
  type        = number
  default     = 8

  # https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html
  validation {
    condition = var.base_capacity == 4 || (
      var.base_capacity >= 8 && var.base_capacity <= 512 && var.base_capacity % 8 == 0
      ) || (
      var.base_capacity >= 512 && var.base_capacity <= 1024 && var.base_capacity % 32 == 0
    )
    error_message = "base_capacity is 4, 8 to 512 in steps of 8, or 512 to 1024 in steps of 32."
  }
}

variable "max_capacity" {
  description = "RPUs that the workgroup never exceeds, so that a typing error or a bad query does not become a bill."
  type        = number
  default     = 32

  validation {
    condition     = var.max_capacity >= var.base_capacity && var.max_capacity % 1 == 0
    error_message = "max_capacity is a whole number and not less than base_capacity."
  }
}

variable "price_performance_target" {
  description = "How Redshift weighs price against speed: 1 (lowest cost), 25, 50 (balanced), 75 or 100 (fastest). It then chooses the base capacity itself; null leaves base_capacity in force."
  type        = number
  default     = null

  # https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_PerformanceTarget.html
  validation {
    condition     = var.price_performance_target == null || contains([1, 25, 50, 75, 100], coalesce(var.price_performance_target, 1))
    error_message = "price_performance_target is 1, 25, 50, 75 or 100."
  }
}

variable "rpu_hours" {
  description = "RPU hours that may be used in a day, a week or a month; null is no limit."
  type = object({
    daily   = optional(number)
    weekly  = optional(number)
    monthly = optional(number)
  })
  default = { daily = 24 }

  validation {
    condition     = alltrue([for amount in values(var.rpu_hours) : coalesce(amount, 1) >= 1 && coalesce(amount, 1) % 1 == 0])
    error_message = "rpu_hours holds whole numbers of at least 1."
  }

  validation {
    condition     = anytrue([for amount in values(var.rpu_hours) : amount != null])
    error_message = "rpu_hours names at least one limit: nothing else ends the bill of a query that nobody watches."
  }
}

variable "breach_action" {
  description = "What happens at a limit: deactivate (no more queries until the period ends), emit-metric (an alarm may follow) or log."
  type        = string
  default     = "deactivate"

  validation {
    condition     = contains(["deactivate", "emit-metric", "log"], var.breach_action)
    error_message = "breach_action is deactivate, emit-metric or log."
  }
}

variable "permissions_boundary" {
  description = "ARN of the managed policy that bounds what the roles made here may ever do; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is the ARN of a managed policy, for instance arn:aws:iam::123456789012:policy/boundary."
  }
}
