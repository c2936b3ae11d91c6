variable "name" {
  description = "Prefix of every resource's name, for instance sparkify-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name))
    error_message = "name is 4 to 32 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "cidr" {
  description = "Address range of the VPC; each availability zone takes a sixteenth of it."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.cidr)[1]), 99) <= 24
    error_message = "cidr is an IPv4 range between /16 and /24, for instance 10.20.0.0/16."
  }
}

variable "az_count" {
  description = "Number of availability zones that get a subnet. Redshift moves a cluster between zones only if there is more than one."
  type        = number
  default     = 2

  validation {
    condition     = var.az_count >= 1 && var.az_count <= 6
    error_message = "az_count is between 1 and 6."
  }
}

variable "internet_route" {
  description = "Whether the subnets get a route to an internet gateway. Needed when clients come over the internet or through a port-forward host; security groups still decide who gets in."
  type        = bool
  default     = false
}

variable "nat_gateway" {
  description = "Whether the subnets get a route to a NAT gateway, through which they reach the internet and nothing there reaches them. It needs a subnet of its own and cannot be combined with internet_route."
  type        = bool
  default     = false

  validation {
    condition     = !(var.nat_gateway && var.internet_route)
    error_message = "nat_gateway and internet_route are two routes to the same place: choose one."
  }
}

variable "readable_bucket_arns" {
  description = "ARNs of the only buckets of yours or others' that can be read through the VPC's S3 endpoint."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.readable_bucket_arns : can(regex("^arn:[^:]+:s3:::[^*/]+$", arn))])
    error_message = "readable_bucket_arns holds bucket ARNs without a path or a wildcard."
  }
}

variable "writable_object_arns" {
  description = "ARNs of the only objects that clients inside the VPC may write and remove through its S3 endpoint, for instance arn:aws:s3:::landing/work/*."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.writable_object_arns : can(regex("^arn:[^:]+:s3:::[^*/]+/[^*]+/\\*$", arn))])
    error_message = "writable_object_arns holds prefixes of one bucket each, ending in /*."
  }
}

variable "image_layers" {
  description = "Whether container images can be pulled from Amazon ECR: opens the region's bucket of layers, which ECR signs the requests for."
  type        = bool
  default     = false
}

variable "host_updates" {
  description = "Whether an Amazon Linux 2023 host of Systems Manager can update itself: opens AWS's buckets of packages in the region."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the flow logs. Its policy must allow CloudWatch Logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
  default     = 365
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
