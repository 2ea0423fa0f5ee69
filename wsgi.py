"""The application for a WSGI server: `granian --interface wsgi wsgi:app`."""

from api.served import application

app = application()
