"""The stock of django-oscar, which was not written for this. Install `django-oscar` first."""
