"""What the application answers."""

import os
import time

from django.conf import settings
from django.http import Http404, HttpResponse
from rest_framework import serializers, status
from rest_framework.permissions import DjangoModelPermissions
from rest_framework.response import Response
from rest_framework.views import APIView

from .authentication import TokenAuthentication
from .models import Challenge


class ChallengeSerializer(serializers.Serializer):  # pylint: disable=abstract-method
    """A challenge as the client sends it."""

    challenge = serializers.RegexField(r"^[A-Za-z0-9_-]+$", max_length=512)
    response = serializers.CharField(max_length=1024)


def break_as_told(request):
    """The tests have requests of the methods in the file FOLDER/broken fail."""
    path = os.path.join(settings.FOLDER, "broken")
    if os.path.exists(path):
        with open(path, encoding="ascii") as stream:
            if request.method in stream.read().split():
                raise RuntimeError("broken, as the test wants it")


def wait_as_told():
    """No answer comes while the file FOLDER/hold is there."""
    while os.path.exists(os.path.join(settings.FOLDER, "hold")):
        time.sleep(0.02)


class Challenges(APIView):
    """/.well-known/challenges/ and /.well-known/challenges/TOKEN/"""

    authentication_classes = [TokenAuthentication]
    permission_classes = [DjangoModelPermissions]
    queryset = Challenge.objects.all()

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        with open(os.path.join(settings.FOLDER, "requests"), "a", encoding="utf-8") as stream:
            stream.write(f"{request.method} {request.headers['Authorization']}\n")
        break_as_told(request)

    def post(self, request):
        serializer = ChallengeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        Challenge.objects.create(token=serializer.validated_data["challenge"],
                                 response=serializer.validated_data["response"])
        wait_as_told()
        return Response(serializer.data, status=status.HTTP_201_CREATED)

    def delete(self, request, token):
        if Challenge.objects.filter(token=token).delete()[0] == 0:
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


def published(request, token):
    """/.well-known/acme-challenge/TOKEN"""
    challenge = Challenge.objects.filter(token=token).first()
    if challenge is None:
        raise Http404
    return HttpResponse(challenge.response, content_type="text/plain")


def tokens(request):
    """/tokens: all that are published, for the tests."""
    return HttpResponse(" ".join(Challenge.objects.values_list("token", flat=True)))
