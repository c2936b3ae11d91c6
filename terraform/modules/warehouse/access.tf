# Who can reach the cluster, and what it can reach. Rules stand in their group wherever they can, so that a rule which
# somebody added by hand is a difference that the plan shows and an apply removes. Two groups that name each other can't
# both do that: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/security_group

resource "aws_security_group" "cluster" {
  name        = "${var.name}-cluster"
  description = "Redshift cluster ${var.name}: in from its clients, out to S3"
  vpc_id      = var.vpc_id

  ingress {
    description     = "Clients inside the VPC"
    security_groups = concat([aws_security_group.clients.id], var.client_security_group_ids)
    protocol        = "tcp"
    from_port       = var.port
    to_port         = var.port
  }

  dynamic "ingress" {
    for_each = length(var.client_cidrs) > 0 ? [1] : []

    content {
      description = "Clients in client_cidrs"
      cidr_blocks = distinct(var.client_cidrs)
      protocol    = "tcp"
      from_port   = var.port
      to_port     = var.port
    }
  }

  egress {
    description     = "COPY from S3 by the gateway endpoint"
    prefix_list_ids = [var.s3_prefix_list_id]
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
  }

  tags = { Name = "${var.name}-cluster" }
}

resource "aws_security_group" "clients" {
  name        = "${var.name}-clients"
  description = "Whoever carries this group may connect to the Redshift cluster ${var.name}"
  vpc_id      = var.vpc_id
  ingress     = []

  tags = { Name = "${var.name}-clients" }
}

# The one rule that can't stand in its group, because the cluster's group names this one. What is added beside it,
# `sparkify infra drift` finds by asking AWS.
resource "aws_vpc_security_group_egress_rule" "clients_to_cluster" {
  security_group_id            = aws_security_group.clients.id
  description                  = "The cluster"
  referenced_security_group_id = aws_security_group.cluster.id
  ip_protocol                  = "tcp"
  from_port                    = 5431 # any of Redshift's ports: the cluster's own group lets in on one
  to_port                      = 8215 # only, and this rule does not have to move with it
}

# The rules were resources of their own. They stay, as part of their group.
removed {
  from = aws_vpc_security_group_ingress_rule.from_clients

  lifecycle {
    destroy = false
  }
}

removed {
  from = aws_vpc_security_group_ingress_rule.from_cidr

  lifecycle {
    destroy = false
  }
}

removed {
  from = aws_vpc_security_group_egress_rule.to_s3

  lifecycle {
    destroy = false
  }
}
