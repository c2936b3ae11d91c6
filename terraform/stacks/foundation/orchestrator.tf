# The security group of Dagster's tasks, if the environment has a stack orchestrator. It is here and not beside the tasks,
# because the warehouse admits it: so either stack can be destroyed, every night if you like, while the other one stays.

locals {
  # What the tasks reach inside the VPC.
  orchestrator_reaches = {
    "AWS by interface endpoints" = 443
    "The database of Dagster"    = 5432
    "The warehouse"              = try(coalesce(var.warehouse.port), 5439)
  }

  # The same port by port, for the warehouse may listen where the database does, and AWS refuses a rule of the same port
  # and range that a group has already:
  # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html
  orchestrator_ports = { for what, port in local.orchestrator_reaches : port => what... }
}

resource "aws_security_group" "orchestrator" {
  #checkov:skip=CKV2_AWS_5:the tasks that carry it are made by stack orchestrator
  count = local.orchestrated ? 1 : 0

  name        = "${local.name}-orchestrator"
  description = "Tasks of Dagster in ${local.name}: nothing in, out to their database, the cluster and AWS"
  vpc_id      = module.network.vpc_id

  ingress = [] # nothing; and what somebody adds is drift

  dynamic "egress" {
    for_each = local.orchestrator_ports

    content {
      description = join(", ", egress.value)
      cidr_blocks = [module.network.vpc_cidr]
      protocol    = "tcp"
      from_port   = egress.key
      to_port     = egress.key
    }
  }

  egress {
    description     = "S3 by the gateway endpoint"
    prefix_list_ids = [module.network.s3_prefix_list_id]
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
  }

  dynamic "egress" {
    for_each = var.foundation.nat_gateway ? [1] : []

    content {
      description = "AWS by the NAT gateway"
      cidr_blocks = ["0.0.0.0/0"]
      protocol    = "tcp"
      from_port   = 443
      to_port     = 443
    }
  }

  tags = { Name = "${local.name}-orchestrator" }
}
