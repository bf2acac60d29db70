"""What people install: the wheel, the source distribution, and the pages that go with them."""
