# Dagster's records: https://docs.dagster.io/deployment/oss/oss-instance-configuration#postgres-storage

resource "aws_db_subnet_group" "this" {
  name        = "${var.name}-dagster"
  description = "Where the database of Dagster may be"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "database" {
  name        = "${var.name}-dagster-database"
  description = "Database of Dagster in ${var.name}: in from its tasks, nothing out"
  vpc_id      = var.vpc_id
  egress      = []

  ingress {
    description     = "Tasks of Dagster"
    security_groups = [var.security_group_id]
    protocol        = "tcp"
    from_port       = 5432
    to_port         = 5432
  }

  tags = { Name = "${var.name}-dagster-database" }
}

# rds.force_ssl refuses whoever does not use TLS:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
resource "aws_db_parameter_group" "this" {
  name        = "${var.name}-dagster"
  family      = "postgres17"
  description = "Database of Dagster: TLS only, changes of the schema logged"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000" # milliseconds
  }
}

# RDS would make them itself, but unencrypted and without a retention period.
resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(["postgresql", "upgrade"])

  name              = "/aws/rds/instance/${var.name}-dagster/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_118:a database of records needs no metrics by the second, and the role for them would be one more
  #checkov:skip=CKV_AWS_133:backed up for a week unless an environment says otherwise; never less than a day
  #checkov:skip=CKV_AWS_293:protected unless an environment says otherwise, as it must before it is destroyed
  #checkov:skip=CKV_AWS_157:a second zone doubles the price, and the records can wait for a restart; database.multi_az asks for it
  #checkov:skip=CKV_AWS_161:IAM authentication takes 300 MiB and more of a 1 GiB instance; RDS keeps and renews the password
  #checkov:skip=CKV_AWS_353:Dagster's own statements are all that runs here, and the slow ones are in the log
  identifier     = "${var.name}-dagster"
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.database.instance_class
  db_name        = "dagster"
  username       = "dagster"

  # RDS makes the password, keeps it in Secrets Manager and renews it every seven days:
  # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.kms_key_arn

  storage_type          = "gp3"
  allocated_storage     = var.database.gigabytes
  max_allocated_storage = var.database.gigabytes * 5
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.database.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  multi_az               = var.database.multi_az

  backup_retention_period         = var.database.backup_days
  copy_tags_to_snapshot           = true
  deletion_protection             = var.database.deletion_protection
  skip_final_snapshot             = !var.database.final_snapshot
  final_snapshot_identifier       = var.database.final_snapshot ? "${var.name}-dagster-final-${terraform_data.birth.output}" : null
  delete_automated_backups        = true
  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  apply_immediately               = true

  depends_on = [aws_cloudwatch_log_group.database]
}

# The final snapshot's name is new with each database, and does not change while it exists.
resource "terraform_data" "birth" {
  input            = formatdate("YYYYMMDD-hhmmss", plantimestamp())
  triggers_replace = [var.name]

  lifecycle {
    ignore_changes = [input]
  }
}
