"""The stock of django-oscar, a library that knows nothing of this: `pip install django-oscar`."""
