"""Search for an order where nothing quicker decides, and find the fewest operations without one."""
