"""The addresses of the application."""

from django.urls import path

from . import views

urlpatterns = [
    path(".well-known/challenges/", views.Challenges.as_view()),
    path(".well-known/challenges/<slug:token>/", views.Challenges.as_view()),
    path(".well-known/acme-challenge/<slug:token>", views.published),
    path("tokens", views.tokens),
]
