# How the tasks reach AWS's services without a route to the internet:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html (S3 has its gateway endpoint).

resource "aws_security_group" "endpoints" {
  count = length(var.interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}: in from the VPC, nothing out"
  vpc_id      = var.vpc_id
  egress      = []

  # The whole VPC: with private DNS, everything in it comes here instead of to the service's public address.
  ingress {
    description = "HTTPS from inside the VPC"
    cidr_blocks = [var.vpc_cidr]
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
  }

  tags = { Name = "${var.name}-endpoints" }
}

# It bounds who may come by here and grants nothing: what a caller may do says its own policy.
locals {
  endpoint_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ThisAccountOnly"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
    }]
  })
}

resource "aws_vpc_endpoint" "this" {
  for_each = var.interface_endpoints

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = slice(var.subnet_ids, 0, min(var.endpoint_zones, length(var.subnet_ids)))
  security_group_ids  = aws_security_group.endpoints[*].id
  policy              = local.endpoint_policy

  tags = { Name = "${var.name}-${each.key}" }
}
