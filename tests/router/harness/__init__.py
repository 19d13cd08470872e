"""What the router tests stand on: nginx, backends, a client, rules files."""
