"""What the application keeps."""

from django.db import models


class Challenge(models.Model):
    """One page below /.well-known/acme-challenge/."""

    token = models.CharField(max_length=512, unique=True)
    response = models.CharField(max_length=1024)
