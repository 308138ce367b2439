"""What `make run` stands on: installs, starts and watches the processes of one machine. Knows no Django."""
