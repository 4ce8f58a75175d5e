"""What every HTTP request passes: hosts, origins, cookies, bodies, limits, connections."""
