"""What the shop keeps."""

from django.db import models


class Event(models.Model):
    """A concert, and how many tickets are left."""

    stock = models.IntegerField()
