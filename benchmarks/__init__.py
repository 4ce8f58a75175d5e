"""How fast Countersign is: ratios to a floor or a peer in the same run. See `scripts/bench`."""
