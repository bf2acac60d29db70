"""A Django application that sells tickets."""
