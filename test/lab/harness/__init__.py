"""The laboratory: network namespaces, certificates, origins and clients for the scenarios."""
