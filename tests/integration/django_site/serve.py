"""python3 -m django_site.serve FOLDER PORT: serves the application, whose files are in FOLDER. Its user
"publisher" may add and delete challenges; the user "reader" may not."""

import os
import socketserver
import sys
import wsgiref.simple_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    """Each request in a thread of its own."""

    daemon_threads = True


def configure(folder):
    settings.configure(
        FOLDER=folder,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of the tests, not a secret",
        ROOT_URLCONF="django_site.urls",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework",
                        "django_site"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                               "NAME": os.path.join(folder, "database")}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING={"version": 1, "disable_existing_loggers": False,
                 "handlers": {"console": {"class": "logging.StreamHandler"}},
                 "root": {"handlers": ["console"], "level": "INFO"}},
        USE_TZ=True)
    django.setup()


def make_users():
    from django.contrib.auth.models import Permission, User  # after the configuration

    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_user("reader")
    User.objects.create_user("publisher").user_permissions.set(
        Permission.objects.filter(codename__in=["add_challenge", "delete_challenge"]))


def main():
    configure(sys.argv[1])
    make_users()
    with wsgiref.simple_server.make_server("127.0.0.1", int(sys.argv[2]), get_wsgi_application(),
                                           server_class=Server) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
