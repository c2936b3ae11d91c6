variable "name" {
  description = "Identifier of the cluster and prefix of every other resource's name, for instance sparkify-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name))
    error_message = "name is 4 to 32 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "kind" {
  description = "provisioned: a cluster of nodes; serverless: a workgroup that is billed by what queries use."
  type        = string
  default     = "provisioned"

  validation {
    condition     = contains(["provisioned", "serverless"], var.kind)
    error_message = "kind is provisioned or serverless."
  }
}

# Where it is

variable "vpc_id" {
  description = "VPC of the cluster."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the warehouse; a serverless one needs three in three availability zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids names at least one subnet."
  }

  validation {
    condition     = var.kind != "serverless" || length(var.subnet_ids) >= 3
    error_message = "A serverless warehouse needs at least three subnets in three availability zones, and there are ${length(var.subnet_ids)}: apply the foundation with foundation.az_count = 3 first."
  }
}

variable "s3_prefix_list_id" {
  description = "Prefix list of S3 in this region: the only destination that the cluster may reach."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the cluster, its snapshots and the admin secret. It must outlive them."
  type        = string
}

# Who can connect

variable "access" {
  description = "private: only from inside the VPC and from client_cidrs routed to it; allow_list: a public endpoint that answers client_cidrs only; port_forward: private, plus a host for AWS Systems Manager port forwarding."
  type        = string
  default     = "private"

  validation {
    condition     = contains(["private", "allow_list", "port_forward"], var.access)
    error_message = "access is private, allow_list or port_forward."
  }
}

variable "client_security_group_ids" {
  description = "IDs of further security groups whose members may connect: of what outlives the cluster, for a group of the cluster's own could not be destroyed while they carry it."
  type        = list(string)
  default     = []
}

variable "client_cidrs" {
  description = "IPv4 ranges that may connect to the cluster, for instance [\"203.0.113.7/32\"]."
  type        = list(string)
  default     = []

  # Refusing 0.0.0.0/0 alone would not be enough, because 0.0.0.0/1 and 128.0.0.0/1 together cover the same addresses.
  validation {
    condition     = alltrue([for cidr in var.client_cidrs : can(cidrnetmask(cidr)) && try(tonumber(split("/", cidr)[1]), 0) >= 16])
    error_message = "client_cidrs holds IPv4 ranges of /16 or narrower; 0.0.0.0/0 is never allowed."
  }

  validation {
    condition     = var.access != "allow_list" || length(var.client_cidrs) > 0
    error_message = "access = \"allow_list\" needs at least one range in client_cidrs."
  }
}

# What it may read

variable "landing_bucket_arn" {
  description = "ARN of the landing bucket."
  type        = string
}

variable "landing_prefixes" {
  description = "Key prefixes of the landing bucket that COPY may read, each with its final slash."
  type        = list(string)
  default     = ["landing/", "work/"]

  validation {
    condition     = length(var.landing_prefixes) > 0 && alltrue([for prefix in var.landing_prefixes : can(regex("^[^/*?].*/$", prefix)) && !can(regex("[*?]", prefix))])
    error_message = "landing_prefixes holds prefixes such as landing/ without a leading slash and without wildcards."
  }
}

variable "extra_source_buckets" {
  description = "Names of further buckets that COPY may read as a whole, for instance [\"udacity-dend\"]. They must be in the cluster's region: S3's gateway endpoint reaches no other."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for bucket in var.extra_source_buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "extra_source_buckets holds bucket names, not ARNs or URLs."
  }
}

# What it consists of

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

variable "port" {
  description = "Port of the cluster. Moving between availability zones needs 5431 to 5455 or 8191 to 8215. Change it by `sparkify infra apply`: the provider alone would move only the security groups."
  type        = number
  default     = 5439

  validation {
    condition     = (var.port >= 5431 && var.port <= 5455) || (var.port >= 8191 && var.port <= 8215)
    error_message = "port is between 5431 and 5455 or between 8191 and 8215."
  }
}

variable "node_type" {
  description = "Node type of the cluster: RA3, or RG (Graviton), which AWS recommends for new clusters. Both keep data in managed storage that is billed separately from the nodes, and can move between zones."
  type        = string
  default     = "ra3.large"

  validation {
    condition     = contains(keys(local.node_types), var.node_type)
    error_message = "node_type is one of ${join(", ", keys(local.node_types))}."
  }
}

variable "node_count" {
  description = "Number of nodes; with multi_az, of each of the two zones."
  type        = number
  default     = 1

  validation {
    condition     = floor(var.node_count) == var.node_count && var.node_count >= 1 && var.node_count <= var.max_node_count
    error_message = "node_count is a whole number between 1 and max_node_count; raise max_node_count if the larger bill is meant."
  }

  validation {
    condition     = try(var.node_count >= local.node_types[var.node_type].least, true)
    error_message = "${var.node_type} needs at least ${try(local.node_types[var.node_type].least, 1)} nodes."
  }

  validation {
    condition     = try(var.node_count <= local.node_types[var.node_type].most, true)
    error_message = "A cluster of ${var.node_type} is created with at most ${try(local.node_types[var.node_type].most, 1)} nodes."
  }
}

variable "max_node_count" {
  description = "Upper limit of node_count, so that a typing error does not become a bill."
  type        = number
  default     = 4
}

# https://docs.aws.amazon.com/redshift/latest/mgmt/overview-multi-az.html (limitations)
variable "multi_az" {
  description = "Whether the cluster runs in two availability zones at once, with node_count nodes in each, which doubles what the nodes cost. It takes at least 2 nodes a zone and subnets in 3 zones, and cannot be paused."
  type        = bool
  default     = false

  validation {
    condition     = !var.multi_az || var.node_count >= 2
    error_message = "multi_az needs node_count of at least 2: Redshift has no single-node Multi-AZ deployment."
  }

  validation {
    condition     = !var.multi_az || length(distinct(var.subnet_ids)) >= 3
    error_message = "multi_az needs subnets in at least 3 availability zones (foundation.az_count)."
  }

  validation {
    condition     = !var.multi_az || (var.pause_schedule.pause == null && var.pause_schedule.resume == null)
    error_message = "multi_az needs pause_schedule = {}: Redshift cannot pause a Multi-AZ deployment."
  }
}

variable "snapshot_days" {
  description = "Days that automated snapshots are kept (1 to 35)."
  type        = number
  default     = 7

  validation {
    condition     = var.snapshot_days >= 1 && var.snapshot_days <= 35
    error_message = "snapshot_days is between 1 and 35."
  }
}

variable "maintenance_window" {
  description = "Weekly maintenance window in UTC."
  type        = string
  default     = "sun:04:00-sun:05:00"
}

variable "final_snapshot" {
  description = "Whether destroying the cluster leaves a last snapshot behind."
  type        = bool
  default     = true
}

# https://docs.aws.amazon.com/redshift/latest/APIReference/API_RestoreFromClusterSnapshot.html
variable "restore" {
  description = "Snapshot from which the cluster is made: snapshot_identifier, or snapshot_arn; owner_account if another account owns it. Read only when the cluster is made. node_type, node_count and the key may be others than the snapshot's; database and admin_username have to be the snapshot's."
  type = object({
    snapshot_identifier = optional(string)
    snapshot_arn        = optional(string)
    owner_account       = optional(string)
  })
  default = {}

  validation {
    condition     = var.restore.snapshot_identifier == null || var.restore.snapshot_arn == null
    error_message = "restore takes snapshot_identifier or snapshot_arn, not both."
  }

  validation {
    condition     = var.restore.owner_account == null || (var.restore.snapshot_identifier != null || var.restore.snapshot_arn != null)
    error_message = "restore.owner_account says who owns the snapshot, so it needs snapshot_identifier or snapshot_arn."
  }

  validation {
    condition     = var.restore.owner_account == null || can(regex("^[0-9]{12}$", var.restore.owner_account))
    error_message = "restore.owner_account is an account's number of 12 digits."
  }

  validation {
    condition     = var.restore.snapshot_arn == null || can(regex("^arn:[^:]+:redshift:[^:]+:[0-9]{12}:snapshot:[^/]+/.+$", var.restore.snapshot_arn))
    error_message = "restore.snapshot_arn looks like arn:aws:redshift:us-west-2:123456789012:snapshot:sparkify-prod/sparkify-prod-final-20261128-060000."
  }
}

# https://docs.aws.amazon.com/redshift/latest/APIReference/API_EnableSnapshotCopy.html
variable "snapshot_copy" {
  description = "Copies every snapshot to another region; null for none. destination_region; grant_name of the snapshot copy grant there (module snapshot_copies); retention_days of copied automated snapshots; manual_retention_days of copied manual ones, the final snapshot among them (-1 for ever)."
  type = object({
    destination_region    = string
    grant_name            = string
    retention_days        = optional(number, 7)
    manual_retention_days = optional(number, -1)
  })
  default = null

  validation {
    condition     = try(var.snapshot_copy.destination_region != data.aws_region.current.id, true)
    error_message = "snapshot_copy.destination_region is another region than the cluster's."
  }

  validation {
    condition     = try(var.snapshot_copy.retention_days >= 1 && var.snapshot_copy.retention_days <= 35, true)
    error_message = "snapshot_copy.retention_days is between 1 and 35."
  }

  validation {
    condition     = try(var.snapshot_copy.manual_retention_days == -1 || (var.snapshot_copy.manual_retention_days >= 1 && var.snapshot_copy.manual_retention_days <= 3653), true)
    error_message = "snapshot_copy.manual_retention_days is -1 (for ever) or between 1 and 3653."
  }

  validation {
    condition     = try(length(var.snapshot_copy.grant_name) > 0, var.snapshot_copy == null)
    error_message = "snapshot_copy.grant_name names a snapshot copy grant in the destination region, because the cluster is encrypted with a KMS key."
  }
}

variable "serverless" {
  description = "How a serverless warehouse computes, and what that may cost; each field is explained in modules/serverless/README.md. Not used by a cluster."
  type = object({
    base_capacity            = optional(number, 8)
    max_capacity             = optional(number, 32)
    price_performance_target = optional(number)
    rpu_hours = optional(object({
      daily   = optional(number)
      weekly  = optional(number)
      monthly = optional(number)
    }), { daily = 24 })
    breach_action         = optional(string, "deactivate")
    loader_principal_arns = optional(list(string), [])
    endpoint_access = optional(map(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
    })), {})
  })
  default = {}
}

# What it may cost

variable "pause_schedule" {
  description = "When the cluster pauses and resumes by itself, as Redshift cron expressions in UTC. Either may be null; pausing without resuming guards against a forgotten cluster."
  type = object({
    pause  = optional(string)
    resume = optional(string)
  })
  default = {
    pause = "cron(0 20 * * ? *)"
  }
}

variable "concurrency_scaling_minutes" {
  description = "Minutes a day of concurrency scaling, after which Redshift switches it off until the next day. Clusters earn one free hour a day."
  type        = number
  default     = 60
}

variable "spectrum_terabytes" {
  description = "Terabytes a day that Redshift Spectrum may scan, after which Redshift switches it off until the next day."
  type        = number
  default     = 1
}

# What its roles may do at most

variable "permissions_boundary" {
  description = "ARN of the managed policy that bounds what the roles made here may ever do; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is the ARN of a managed policy, for instance arn:aws:iam::123456789012:policy/boundary."
  }
}
