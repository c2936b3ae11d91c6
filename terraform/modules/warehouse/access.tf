# Who can reach the cluster, and what it can reach.

resource "aws_security_group" "cluster" {
  name        = "${var.name}-cluster"
  description = "Redshift cluster ${var.name}: in from its clients, out to S3"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-cluster" }
}

resource "aws_security_group" "clients" {
  name        = "${var.name}-clients"
  description = "Whoever carries this group may connect to the Redshift cluster ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-clients" }
}

resource "aws_vpc_security_group_ingress_rule" "from_clients" {
  security_group_id            = aws_security_group.cluster.id
  description                  = "Clients inside the VPC"
  referenced_security_group_id = aws_security_group.clients.id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "from_cidr" {
  for_each = toset(var.client_cidrs)

  security_group_id = aws_security_group.cluster.id
  description       = "Clients in client_cidrs"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  security_group_id = aws_security_group.cluster.id
  description       = "COPY from S3 by the gateway endpoint"
  prefix_list_id    = var.s3_prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "clients_to_cluster" {
  security_group_id            = aws_security_group.clients.id
  description                  = "The cluster"
  referenced_security_group_id = aws_security_group.cluster.id
  ip_protocol                  = "tcp"
  from_port                    = 5431 # any of Redshift's ports: the cluster's own group lets in on one
  to_port                      = 8215 # only, and this rule does not have to move with it
}
