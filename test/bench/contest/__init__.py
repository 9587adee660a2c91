"""What `make bench` is made of: the arena, the contestants, the works, the report."""
