"""Ways to reach people. A channel is a small class behind the port in `base`."""
