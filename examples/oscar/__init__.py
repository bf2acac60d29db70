"""The stock of django-oscar, which was not written for this. It needs `pip install django-oscar`."""
