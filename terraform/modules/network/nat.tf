# nat_gateway: the private subnets reach the internet, and nothing there reaches them. One gateway in one zone, as
# https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html has it; a second would double its price.

locals {
  nat = var.nat_gateway ? 1 : 0
}

resource "aws_subnet" "public" {
  count = local.nat

  vpc_id                  = aws_vpc.this.id
  availability_zone       = local.zones[0]
  cidr_block              = cidrsubnet(var.cidr, 4, 15) # the last sixteenth; zones take the first ones
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-nat" }
}

resource "aws_route_table" "public" {
  count = local.nat

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-nat" }
}

resource "aws_route_table_association" "public" {
  count = local.nat

  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route" "public" {
  count = local.nat

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_eip" "nat" {
  count = local.nat

  domain = "vpc"

  tags = { Name = "${var.name}-nat" }
}

resource "aws_nat_gateway" "this" {
  count = local.nat

  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id

  tags = { Name = var.name }

  # Without its subnet's route it would be made and reach nothing.
  depends_on = [aws_route.public, aws_route_table_association.public]
}

resource "aws_route" "nat" {
  count = local.nat

  route_table_id         = aws_route_table.this.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}
