# Offline: `terraform init && terraform test` in modules/orchestrator.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "sparkify-test"
  vpc_id            = "vpc-0123456789abcdef0"
  vpc_cidr          = "10.20.0.0/16"
  subnet_ids        = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_id = "sg-0123456789abcdef0"
  kms_key_arn       = "arn:aws:kms:us-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"
  task_policy       = "{\"Statement\":[]}"
  settings          = { SPARKIFY_SOURCE = "s3://landing/landing" }
  image_tag         = "3f2a1b0"
}

run "nothing_runs_before_there_is_an_image" {
  command = plan

  variables {
    image_tag = null
  }

  assert {
    condition     = length(aws_ecs_service.this) == 0 && length(aws_ecs_task_definition.services) == 0
    error_message = "A service would look for an image that nobody has pushed."
  }
}

run "is_private_and_encrypted_by_default" {
  command = apply

  assert {
    condition     = length(aws_lb.this) == 0 && !aws_ecs_service.this[0].network_configuration[0].assign_public_ip && !aws_db_instance.this.publicly_accessible
    error_message = "Something can be reached from outside."
  }

  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.deletion_protection && contains(aws_db_parameter_group.this.parameter[*].name, "rds.force_ssl")
    error_message = "The database is not encrypted, protected and closed to plain connections."
  }

  assert {
    condition = [for c in jsondecode(aws_ecs_task_definition.services[0].container_definitions) : c.command if c.name == "webserver"][0] == [
      "dagster-webserver", "--host", "127.0.0.1", "--port", "3000", "--workspace", "/opt/sparkify/deploy/workspace.yaml",
    ]
    error_message = "The web UI, which has no users, listens beyond its task."
  }

  assert {
    condition     = aws_ecs_service.this[0].deployment_maximum_percent == 100
    error_message = "Two daemons could run at the same time."
  }

  assert {
    condition     = alltrue([for c in jsondecode(aws_ecs_task_definition.services[0].container_definitions) : c.user == "10001:10001" && !anytrue([for e in c.environment : strcontains(e.name, "PASSWORD")])])
    error_message = "A container runs as root, or has the password in its definition."
  }

  assert {
    condition     = contains(keys(aws_vpc_endpoint.this), "secretsmanager") && alltrue([for e in aws_vpc_endpoint.this : e.private_dns_enabled && length(e.subnet_ids) == 1])
    error_message = "The tasks could not reach AWS's services, or an endpoint costs twice."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == null])
    error_message = "A boundary that nobody asked for."
  }
}

run "example_has_a_load_balancer_that_is_internal_and_speaks_tls" {
  command = apply

  module {
    source = "./examples/complete"
  }

  assert {
    condition     = startswith(output.web_url, "https://")
    error_message = "No address of the web UI."
  }
}

run "a_boundary_bounds_every_role" {
  command = plan

  variables {
    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
  }

  assert {
    condition     = length(aws_iam_role.this) == 3 && alltrue([for role in aws_iam_role.this : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "A role is not bounded."
  }
}

run "a_range_that_is_given_twice_is_let_in_once" {
  command = plan

  variables {
    load_balancer = {
      certificate_arn = "arn:aws:acm:us-west-2:123456789012:certificate/00000000-0000-0000-0000-000000000000"
      client_cidrs    = ["10.0.0.0/8", "10.0.0.0/8"]
    }
  }

  assert {
    condition     = one(aws_security_group.balancer[0].ingress).cidr_blocks == tolist(["10.0.0.0/8"])
    error_message = "AWS refuses a rule that the group has already."
  }
}

# Each of these runs has to fail; otherwise the test fails.
run "refuses_one_zone_a_moving_tag_and_an_open_page" {
  command = plan

  variables {
    subnet_ids    = ["subnet-0123456789abcdef0"]
    image_tag     = "latest"
    load_balancer = { certificate_arn = "arn", client_cidrs = ["0.0.0.0/0"] }
    database      = { backup_days = 0 }
  }

  expect_failures = [var.subnet_ids, var.image_tag, var.load_balancer, var.database]
}
