"""What ``samebytes demo`` is: small models fed with real data that needs no download."""
