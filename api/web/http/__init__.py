"""What every HTTP request passes: checks of hosts, origins, cookies, bodies, connections."""
