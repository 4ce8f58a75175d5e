"""What an operator sees of a running Countersign: metrics, traces and logs."""
