variable "name" {
  description = "Identifier of the cluster whose snapshots are copied, for instance sparkify-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,30}[a-z0-9]$", var.name))
    error_message = "name is 4 to 32 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "key_deletion_days" {
  description = "Days for which the deleted KMS key can still be restored (7 to 30). The copies are lost with it."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30
    error_message = "key_deletion_days is between 7 and 30 (a rule of AWS KMS)."
  }
}
