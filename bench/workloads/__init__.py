"""The reference workloads, one file each; `bench.reference` knows their names."""
