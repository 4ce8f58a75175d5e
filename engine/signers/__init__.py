"""The backends that make keys and signatures; `base` is their port."""
