# access = "port_forward": a host without any way in. Systems Manager's agent calls out, and a laptop's
# `aws ssm start-session` reaches the cluster through it:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html

locals {
  port_forward = var.access == "port_forward" ? 1 : 0
}

data "aws_ssm_parameter" "amazon_linux" {
  count = local.port_forward

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

data "aws_iam_policy_document" "port_forward_trust" {
  count = local.port_forward

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "port_forward" {
  count = local.port_forward

  name                 = "${var.name}-port-forward"
  description          = "Lets Systems Manager reach the port-forward host of ${var.name}"
  assume_role_policy   = data.aws_iam_policy_document.port_forward_trust[0].json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy_attachment" "port_forward" {
  count = local.port_forward

  role       = aws_iam_role.port_forward[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

# Whatever else somebody gives the role by hand, the plan shows and an apply takes away.
resource "aws_iam_role_policies_exclusive" "port_forward" {
  count = local.port_forward

  role_name    = aws_iam_role.port_forward[0].name
  policy_names = []
}

resource "aws_iam_role_policy_attachments_exclusive" "port_forward" {
  count = local.port_forward

  role_name   = aws_iam_role.port_forward[0].name
  policy_arns = [aws_iam_role_policy_attachment.port_forward[0].policy_arn]
}

resource "aws_iam_instance_profile" "port_forward" {
  count = local.port_forward

  name = "${var.name}-port-forward"
  role = aws_iam_role.port_forward[0].name
}

resource "aws_security_group" "port_forward" {
  count = local.port_forward

  name        = "${var.name}-port-forward"
  description = "Port-forward host of ${var.name}: nothing in, out to Systems Manager"
  vpc_id      = var.vpc_id
  ingress     = []

  egress {
    description = "Public endpoints of Systems Manager, which have no prefix list"
    cidr_blocks = ["0.0.0.0/0"]
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
  }

  tags = { Name = "${var.name}-port-forward" }
}

removed {
  from = aws_vpc_security_group_egress_rule.port_forward_to_ssm

  lifecycle {
    destroy = false
  }
}

resource "aws_instance" "port_forward" {
  #checkov:skip=CKV_AWS_126:detailed monitoring would cost half as much as the host, which only forwards connections
  #checkov:skip=CKV_AWS_88:without a NAT gateway the agent needs a public address to call out; no group lets anything in

  count = local.port_forward

  ami                         = data.aws_ssm_parameter.amazon_linux[0].insecure_value
  instance_type               = "t4g.nano"
  subnet_id                   = var.subnet_ids[0]
  vpc_security_group_ids      = [aws_security_group.port_forward[0].id, aws_security_group.clients.id]
  iam_instance_profile        = aws_iam_instance_profile.port_forward[0].name
  associate_public_ip_address = true # only to call out: neither group lets anything in
  ebs_optimized               = true

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }

  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    volume_size = 8 # GiB, as Amazon Linux 2023 comes
  }

  tags = { Name = "${var.name}-port-forward" }

  lifecycle {
    ignore_changes = [ami] # a newer image is no reason to replace the host
  }
}
