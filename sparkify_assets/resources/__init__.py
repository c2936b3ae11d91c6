"""What talks to the outside: the warehouse, the landing zone, Terraform. No rule of the data model belongs here."""
