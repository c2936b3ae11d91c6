# Settings of an environment. Both stacks read environments/<environment>.tfvars, so each declares the settings of both.
# Those of the other stack are of type any and not used here.

variable "environment" {
  description = "Environment: part of every name and tag. dev uses Terraform's default workspace, any other the workspace of its name."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment is 2 to 12 lower-case letters and digits and begins with a letter."
  }

  # Applying one environment's values to another's state would replace everything.
  validation {
    condition     = terraform.workspace == (var.environment == "dev" ? "default" : var.environment)
    error_message = "Environment ${var.environment} does not live in workspace ${terraform.workspace}. Run: terraform workspace select -or-create ${var.environment == "dev" ? "default" : var.environment}"
  }
}

variable "region" {
  description = "AWS region. S3's gateway endpoint reaches only buckets in this region."
  type        = string
  default     = "us-west-2"
}

variable "owner" {
  description = "Who is responsible for the resources: the tag Owner."
  type        = string
  default     = "data-platform"
}

variable "warehouse_kind" {
  description = "provisioned: a cluster of nodes; serverless: a Redshift Serverless workgroup."
  type        = string
  default     = "provisioned"

  validation {
    condition     = contains(["provisioned", "serverless"], var.warehouse_kind)
    error_message = "warehouse_kind is provisioned or serverless."
  }

  # https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-usage-considerations.html
  validation {
    condition     = var.warehouse_kind != "serverless" || var.foundation.az_count >= 3
    error_message = "warehouse_kind = serverless needs subnets in three availability zones, and foundation.az_count is ${var.foundation.az_count}: set it to 3."
  }
}

variable "access" {
  description = "How clients reach the cluster: private, allow_list (public endpoint for the warehouse's client_cidrs) or port_forward (private, with a host for Systems Manager)."
  type        = string
  default     = "private"

  validation {
    condition     = contains(["private", "allow_list", "port_forward"], var.access)
    error_message = "access is private, allow_list or port_forward."
  }
}

variable "permissions_boundary" {
  description = "ARN of the managed policy that bounds what every role of this environment may ever do; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is the ARN of a managed policy, for instance arn:aws:iam::123456789012:policy/boundary."
  }
}

variable "extra_source_buckets" {
  description = "Names of buckets besides the landing bucket that the cluster may read, in the same region."
  type        = list(string)
  default     = ["udacity-dend"]
}

variable "foundation" {
  description = "Settings of this stack only: vpc_cidr, az_count; noncurrent_days (how long overwritten objects are kept); arrivals (who tells the queue what landed: bucket, eventbridge or none); log_retention_days; monthly_budget_usd (0: no budget alarm) and who gets its mails; nat_gateway (whether what is in the VPC may call out to the internet); state_bucket (the bucket of the states, if Terraform runs inside the VPC)."
  type = object({
    vpc_cidr           = optional(string, "10.20.0.0/16")
    az_count           = optional(number, 2)
    noncurrent_days    = optional(number, 90)
    arrivals           = optional(string, "bucket")
    log_retention_days = optional(number, 365)
    monthly_budget_usd = optional(number, 0)
    budget_emails      = optional(list(string), [])
    nat_gateway        = optional(bool, false)
    state_bucket       = optional(string)
  })
  default = {}

  validation {
    condition     = var.foundation.monthly_budget_usd == 0 || length(var.foundation.budget_emails) > 0
    error_message = "A budget needs somebody in budget_emails to tell."
  }

  validation {
    condition     = contains(["bucket", "eventbridge", "none"], var.foundation.arrivals)
    error_message = "arrivals is bucket, eventbridge or none."
  }
}

variable "warehouse" {
  description = "Settings of the warehouse stack; not used here."
  type        = any
  default     = {}
}

variable "orchestrator" {
  description = "Settings of the orchestrator stack. Where they are set, this stack prepares the network for it."
  type        = any
  default     = null
}

variable "destroy_landing_objects" {
  description = "Lets a later destroy delete the landing bucket with all objects and versions in it. Apply it just before such a destroy, and never keep it."
  type        = bool
  default     = false
}
