# The task definitions. Whatever differs from the systemd units of a server is here and nowhere else.

locals {
  secret_arn = aws_db_instance.this.master_user_secret[0].secret_arn
  image      = "${aws_ecr_repository.this.repository_url}:${coalesce(var.image_tag, "none")}"
  run_family = "${var.name}-dagster-run"
  runs       = var.image_tag == null ? 0 : 1

  environment = [
    for name, value in merge(var.settings, {
      AWS_REGION                  = local.region
      AWS_DEFAULT_REGION          = local.region
      DAGSTER_PG_HOST             = aws_db_instance.this.address
      DAGSTER_PG_PORT             = tostring(aws_db_instance.this.port)
      DAGSTER_PG_DB               = aws_db_instance.this.db_name
      DAGSTER_PG_USERNAME         = aws_db_instance.this.username
      DAGSTER_RUN_TASK_DEFINITION = local.run_family
    }) : { name = name, value = value }
  ]

  # What all containers have in common.
  container = {
    image       = local.image
    essential   = true
    environment = local.environment
    secrets     = [{ name = "DAGSTER_PG_PASSWORD", valueFrom = "${local.secret_arn}:password::" }]
    user        = "10001:10001"
    # Fargate allows at most 120 seconds. A run that is asked to stop first rolls its transaction back.
    stopTimeout     = 120
    linuxParameters = { initProcessEnabled = true }
  }

  services = {
    # Before the others and at every start, so that a new version never meets an old schema.
    migrate = {
      command   = ["dagster", "instance", "migrate"]
      essential = false
    }
    code-server = {
      command   = ["dagster", "code-server", "start", "--host", "127.0.0.1", "--port", "4266", "--module-name", "sparkify_assets.definitions", "--working-directory", "/opt/sparkify"]
      health    = ["dagster", "api", "grpc-health-check", "--host", "127.0.0.1", "--port", "4266"]
      dependsOn = [{ containerName = "migrate", condition = "SUCCESS" }]
    }
    # Its check asks the database, so a task whose password is no longer valid is replaced by one with the new password.
    daemon = {
      command   = ["dagster-daemon", "run", "--workspace", "/opt/sparkify/deploy/workspace.yaml"]
      health    = ["dagster-daemon", "liveness-check"]
      dependsOn = [{ containerName = "code-server", condition = "HEALTHY" }]
    }
    webserver = {
      command      = ["dagster-webserver", "--host", var.load_balancer == null ? "127.0.0.1" : "0.0.0.0", "--port", "3000", "--workspace", "/opt/sparkify/deploy/workspace.yaml"]
      health       = ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/server_info', timeout=10)"]
      dependsOn    = [{ containerName = "code-server", condition = "HEALTHY" }]
      portMappings = var.load_balancer == null ? [] : [{ containerPort = 3000, hostPort = 3000, protocol = "tcp" }]
    }
  }
}

resource "aws_ecs_task_definition" "services" {
  #checkov:skip=CKV_AWS_336:ECS Exec, by which the web UI is reached, needs a file system that it can write
  count = local.runs

  family                   = "${var.name}-dagster"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.services_size.cpu
  memory                   = var.services_size.memory
  execution_role_arn       = aws_iam_role.this["execution"].arn
  task_role_arn            = aws_iam_role.this["services"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([
    for name, service in local.services : merge(
      local.container,
      { for field, value in service : field => value if field != "health" },
      { name = name, logConfiguration = local.log[name] },
      try({
        healthCheck = {
          command     = concat(["CMD"], service.health)
          interval    = 60
          timeout     = 50
          retries     = 3
          startPeriod = 300
        }
      }, {}),
    )
  ])
}

resource "aws_ecs_task_definition" "run" {
  #checkov:skip=CKV_AWS_336:a run writes packed files and its log before they are sent to S3
  count = local.runs

  family                   = local.run_family
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.run_size.cpu
  memory                   = var.run_size.memory
  execution_role_arn       = aws_iam_role.this["execution"].arn
  task_role_arn            = aws_iam_role.this["run"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([merge(local.container, { name = "run", logConfiguration = local.log["run"] })])
}

locals {
  log = {
    for name in concat(keys(local.services), ["run"]) : name => {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = name
      }
    }
  }
}

# A second daemon must never run beside the first, so a new task starts when the old one has stopped.
resource "aws_ecs_service" "this" {
  count = local.runs

  name                               = "dagster"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.services[0].arn
  desired_count                      = 1
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100
  enable_execute_command             = true
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  health_check_grace_period_seconds  = var.load_balancer == null ? null : 600

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = concat([var.security_group_id], aws_security_group.web[*].id)
    assign_public_ip = false
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  dynamic "load_balancer" {
    for_each = aws_lb_target_group.this

    content {
      target_group_arn = load_balancer.value.arn
      container_name   = "webserver"
      container_port   = 3000
    }
  }

  # A task that starts before its roles' policies, or before its way to AWS's services, fails to start.
  depends_on = [aws_iam_role_policy.execution, aws_iam_role_policy.load, aws_iam_role_policy.services, aws_vpc_endpoint.this, aws_lb_listener.this]
}
