"""What one request, and one caller, may ask for; each refusal says the limit and what was asked."""
