"""django-oauth-toolkit as a peer: one public client, SQLite, refresh tokens that rotate at every use.

`python peer.py SESSIONS` makes the database in the current folder and says in one line of JSON which refresh tokens the
sessions begin with; `gunicorn peer:application` then serves it from there. A public client has no secret to be hashed at
every call, and the database keeps a write-ahead log with `synchronous=NORMAL`: it need not wait for the disk.
"""

import json
import sys
from datetime import timedelta

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "peer.db",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
            },
        }
    },
    DEBUG=False,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    LOGGING_CONFIG=None,
    MIDDLEWARE=[],
    OAUTH2_PROVIDER={"ROTATE_REFRESH_TOKEN": True, "SCOPES": {"bench": "Bench"}},
    ROOT_URLCONF="peer",
    SECRET_KEY="only for measuring",
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from oauth2_provider.views import TokenView  # noqa: E402

urlpatterns = [path("token", TokenView.as_view())]


def prepare(sessions):
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.utils import timezone
    from oauth2_provider.models import AccessToken, Application, RefreshToken

    call_command("migrate", verbosity=0)
    application = Application.objects.create(
        client_id="bench",
        client_type=Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="http://127.0.0.1/callback",
    )
    tokens = []
    for session in range(sessions):
        user = get_user_model().objects.create(username=f"operator-{session}")
        access = AccessToken.objects.create(
            user=user,
            application=application,
            token=f"first-access-token-{session}",
            expires=timezone.now() + timedelta(hours=1),
            scope="bench",
        )
        refresh = RefreshToken.objects.create(
            user=user,
            application=application,
            access_token=access,
            token=f"first-refresh-token-{session}",
        )
        tokens.append(refresh.token)
    return tokens


if __name__ == "__main__":
    print(json.dumps({"refresh_tokens": prepare(int(sys.argv[1]))}))
else:
    application = get_wsgi_application()
