variable "name" {
  description = "Prefix of every resource's name, for instance sparkify-dev. The bucket is <name>-landing-<account id>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name))
    error_message = "name is 4 to 32 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "noncurrent_days" {
  description = "Days after which a version that was overwritten or deleted is removed. Current objects never expire."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "noncurrent_days is at least 1."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket may delete the objects in it. Set it only when the bucket is to be destroyed."
  type        = bool
  default     = false
}

variable "key_deletion_days" {
  description = "Days for which the deleted KMS key can still be restored (7 to 30). What it encrypted, including snapshots, is lost with it."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30
    error_message = "key_deletion_days is between 7 and 30 (a rule of AWS KMS)."
  }
}
