"""Keys in hardware security modules (HSM), through PKCS#11."""
