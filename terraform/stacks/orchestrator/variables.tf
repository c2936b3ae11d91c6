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

variable "orchestrator" {
  description = "Settings of this stack only; each field is explained in modules/orchestrator/README.md. warehouse_url is the value of SPARKIFY_WAREHOUSE, by default the environment's cluster."
  type = object({
    image_tag        = optional(string)
    cpu_architecture = optional(string, "X86_64")
    services_size    = optional(object({ cpu = number, memory = number }), { cpu = 512, memory = 2048 })
    run_size         = optional(object({ cpu = number, memory = number }), { cpu = 1024, memory = 2048 })
    endpoint_zones   = optional(number, 1)
    warehouse_url    = optional(string)
    load_balancer    = optional(object({ certificate_arn = string, client_cidrs = list(string) }))
    database = optional(object({
      instance_class      = optional(string, "db.t4g.micro")
      gigabytes           = optional(number, 20)
      multi_az            = optional(bool, false)
      backup_days         = optional(number, 7)
      deletion_protection = optional(bool, true)
      final_snapshot      = optional(bool, true)
    }), {})
  })
  default  = {}
  nullable = false
}

variable "foundation" {
  description = "Settings of the foundation stack; not used here."
  type        = any
  default     = {}
}

variable "warehouse" {
  description = "Settings of the warehouse stack; not used here."
  type        = any
  default     = {}
}
