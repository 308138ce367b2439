# One image for web, worker, beat and serving: `docker compose` says which one a container is.
FROM python:3.12-slim AS build
ENV PYTHONDONTWRITEBYTECODE=1 GRISTMILL_HOME=/data
WORKDIR /app
RUN python -m venv .venv
COPY requirements.txt requirements.lock requirements-data.txt package.json package-lock.json ./
COPY lifecycle/__init__.py lifecycle/
COPY lifecycle/contracts/__init__.py lifecycle/contracts/settings.py lifecycle/contracts/
COPY workers/__init__.py workers/
COPY workers/supervisor workers/supervisor
RUN .venv/bin/python -m workers.supervisor install && rm -rf node_modules

FROM python:3.12-slim
# LightGBM's OpenMP runtime
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data gristmill
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONPATH=/app DJANGO_SETTINGS_MODULE=webapp.settings \
    GRISTMILL_HOME=/data GRISTMILL_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY --from=build --chown=gristmill /data /data
COPY . .
COPY --from=build /app/static/vendor static/vendor
USER gristmill
VOLUME /data
EXPOSE 8000 8001
ENTRYPOINT ["python", "-m", "workers.supervisor", "exec"]
CMD ["web"]
