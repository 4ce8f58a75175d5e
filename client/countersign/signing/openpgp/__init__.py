"""OpenPGP as the client reads and writes it: packets, keys, certificates and signatures."""
