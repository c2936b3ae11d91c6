# Offline: `terraform init && terraform test` in stacks/foundation.

mock_provider "aws" {
  source = "../../mocks"
}

run "network_and_access_fit" {
  command = plan

  variables {
    access = "port_forward"
  }

  assert {
    condition     = output.access == "port_forward" && length(aws_budgets_budget.monthly) == 0
    error_message = "The access way is lost, or a budget appears that nobody asked for."
  }
}

run "budget_tells_somebody" {
  command = plan

  variables {
    foundation = {
      monthly_budget_usd = 200
      budget_emails      = ["data-platform@example.com"]
    }
  }

  assert {
    condition     = aws_budgets_budget.monthly[0].limit_amount == "200" && alltrue([for n in aws_budgets_budget.monthly[0].notification : n.subscriber_email_addresses == toset(["data-platform@example.com"])])
    error_message = "The budget is not what was asked for."
  }
}

run "refuses_a_budget_that_tells_nobody" {
  command = plan

  variables {
    foundation = {
      monthly_budget_usd = 200
    }
  }

  expect_failures = [var.foundation]
}

run "tells_a_queue_what_lands" {
  command = apply

  assert {
    condition     = output.queue_url == module.arrivals[0].queue_url && output.queue_url != ""
    error_message = "Nobody is told where the queue is."
  }
}

run "makes_no_queue_where_none_is_wanted" {
  command = plan

  variables {
    foundation = {
      arrivals = "none"
    }
  }

  assert {
    condition     = output.queue_url == "" && length(module.arrivals) == 0
    error_message = "There is a queue that nobody asked for."
  }
}

run "refuses_a_way_of_telling_that_there_is_not" {
  command = plan

  variables {
    foundation = {
      arrivals = "sns"
    }
  }

  expect_failures = [var.foundation]
}

run "refuses_prod_in_the_workspace_of_dev" {
  command = plan

  variables {
    environment = "prod"
  }

  expect_failures = [var.environment]
}

run "refuses_serverless_in_two_zones" {
  command = plan

  variables {
    warehouse_kind = "serverless"
  }

  expect_failures = [var.warehouse_kind]
}

run "serverless_has_log_groups_of_its_own" {
  command = plan

  variables {
    warehouse_kind = "serverless"
    foundation     = { az_count = 3 }
  }

  assert {
    condition     = aws_cloudwatch_log_group.serverless_audit["userlog"].name == "/aws/redshift/sparkify-dev/userlog"
    error_message = "The audit log would go to a group that Redshift makes, unencrypted and without an end."
  }
}

# Redshift may listen where PostgreSQL does, and AWS refuses a rule that a group has already.
run "opens_a_port_of_two_things_once" {
  command = plan

  variables {
    warehouse    = { port = 5432 }
    orchestrator = { image_tag = "3f2a1b0" }
  }

  assert {
    condition = sort([for rule in aws_security_group.orchestrator[0].egress : "${rule.from_port} ${rule.description}" if rule.prefix_list_ids == null]) == tolist([
      "443 AWS by interface endpoints",
      "5432 The database of Dagster, The warehouse",
    ])
    error_message = "Rules of one port and one range: ${jsonencode(aws_security_group.orchestrator[0].egress)}"
  }
}
