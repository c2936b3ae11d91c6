# The role that loads assume. On Serverless nobody chooses the database user: GetCredentials logs an IAM role in as the
# user "IAMR:<role>". So whoever loads, on a laptop or a server, assumes this one role, and all own the same tables:
# https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html

data "aws_iam_policy_document" "loader_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    # Trusting the account leaves to its IAM policies who may: the identity needs sts:AssumeRole on this role.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    principals {
      type        = "AWS"
      identifiers = length(var.loader_principal_arns) > 0 ? var.loader_principal_arns : ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

data "aws_iam_policy_document" "loader" {
  statement {
    sid       = "FindTheWorkgroupAndLogIn"
    actions   = ["redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"]
    resources = [aws_redshiftserverless_workgroup.this.arn]
  }
}

resource "aws_iam_role" "loader" {
  name                 = "${var.name}-loader"
  description          = "Loads the Redshift Serverless warehouse ${var.name}: the owner of its tables"
  assume_role_policy   = data.aws_iam_policy_document.loader_trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "loader" {
  name   = "log-in"
  role   = aws_iam_role.loader.id
  policy = data.aws_iam_policy_document.loader.json
}

# Whatever else somebody gives the role by hand, the plan shows and an apply takes away.
resource "aws_iam_role_policies_exclusive" "loader" {
  role_name    = aws_iam_role.loader.name
  policy_names = [aws_iam_role_policy.loader.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "loader" {
  role_name   = aws_iam_role.loader.name
  policy_arns = []
}
