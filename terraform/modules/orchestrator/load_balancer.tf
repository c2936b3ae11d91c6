# load_balancer: an internal load balancer with TLS before the web UI, for people who have a way into the VPC.

locals {
  balanced = var.load_balancer == null ? 0 : 1
}

resource "aws_security_group" "balancer" {
  count = local.balanced

  name        = "${var.name}-dagster-balancer"
  description = "Load balancer of Dagster in ${var.name}: in from its clients, out to the web UI"
  vpc_id      = var.vpc_id

  ingress {
    description = "Clients of the web UI"
    cidr_blocks = distinct(var.load_balancer.client_cidrs)
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
  }

  egress {
    description = "The web UI"
    cidr_blocks = [var.vpc_cidr]
    protocol    = "tcp"
    from_port   = 3000
    to_port     = 3000
  }

  tags = { Name = "${var.name}-dagster-balancer" }
}

resource "aws_security_group" "web" {
  count = local.balanced

  name        = "${var.name}-dagster-web"
  description = "Web UI of Dagster in ${var.name}: in from its load balancer"
  vpc_id      = var.vpc_id
  egress      = []

  ingress {
    description     = "The load balancer"
    security_groups = aws_security_group.balancer[*].id
    protocol        = "tcp"
    from_port       = 3000
    to_port         = 3000
  }

  tags = { Name = "${var.name}-dagster-web" }
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:who may reach it is bounded by address, and the VPC's flow log sees each connection
  #checkov:skip=CKV_AWS_150:it holds nothing, and a protected one would stop a destroy half way
  count = local.balanced

  name                       = "${var.name}-dagster"
  internal                   = true
  load_balancer_type         = "application"
  subnets                    = var.subnet_ids
  security_groups            = aws_security_group.balancer[*].id
  drop_invalid_header_fields = true
}

resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:the last step to the task stays inside the VPC, and Dagster's web UI speaks no TLS
  count = local.balanced

  name                 = "${var.name}-dagster"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = 3000
  deregistration_delay = 10 # seconds; there is one task, and nothing to hand over to

  health_check {
    path    = "/server_info"
    matcher = "200"
  }
}

resource "aws_lb_listener" "this" {
  count = local.balanced

  load_balancer_arn = aws_lb.this[0].arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.load_balancer.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[0].arn
  }
}
