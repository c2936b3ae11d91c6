output "vpc_id" {
  description = "ID of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Address range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "subnet_ids" {
  description = "IDs of the subnets, one for each availability zone."
  value       = [for subnet in aws_subnet.this : subnet.id] # not by zone: a half-made network could not be destroyed
}

output "s3_prefix_list_id" {
  description = "ID of the managed prefix list with S3's addresses in this region, which are all that the cluster can reach."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}
