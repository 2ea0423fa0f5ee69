# One image for every role: `serve`, `worker`, `migrate` and every other command of the console script.
FROM python:3.11-slim-bookworm

# What WeasyPrint draws with, and fonts for the scripts that people's names are written in.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.lock ./
RUN pip install --require-hashes --no-deps -r requirements.lock

COPY pyproject.toml LICENSE README.md CHANGELOG.md wsgi.py ./
COPY ledger ledger
COPY invoices invoices
COPY api api
COPY migrations migrations
COPY docs/first-appointment.md docs/
RUN pip install --no-deps --no-build-isolation .

RUN useradd --system --uid 10001 --home-dir /data --create-home ledger
USER ledger
WORKDIR /data
VOLUME /data
ENV DOCUMENTS_URL=file:///data/documents LOG_FORMAT=json
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["appointment-ledger"]
CMD ["serve", "--host", "0.0.0.0", "--no-worker"]
