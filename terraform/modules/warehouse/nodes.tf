# Which nodes there are, and how many of them a cluster may have when it is created, by AWS's page "Node type details",
# read in 2026-11: https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html#rs-ra3-nodes-table and
# #rs-rg-nodes-table. RG (Graviton) came on 2026-05-12 with rg.xlarge and rg.4xlarge; rg.large and rg.12xlarge followed in
# 2026-07, a single rg.large in 2026-09. An elastic resize goes further than that, outside of this module.

locals {
  node_types = {
    "ra3.large"    = { least = 1, most = 16 }
    "ra3.xlplus"   = { least = 1, most = 16 }
    "ra3.4xlarge"  = { least = 2, most = 32 }
    "ra3.16xlarge" = { least = 2, most = 128 }
    "rg.large"     = { least = 1, most = 16 }
    "rg.xlarge"    = { least = 2, most = 16 }
    "rg.4xlarge"   = { least = 2, most = 32 }
    "rg.12xlarge"  = { least = 2, most = 128 }
  }
}
