FROM python:3.11-slim

# The rehearsal writes prompts onto its clips, Chinese ones too.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .

# Database, clips and pictures: the one thing to keep, and the only folder the app can write.
ENV DATA_DIR=/data PYTHONUNBUFFERED=1 FORWARDED_ALLOW_IPS=""
RUN useradd --uid 1000 --create-home studio && install --directory --owner studio --group studio /data
USER studio
VOLUME /data

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]

# Exec form: SIGTERM reaches the server, which lets submissions under way finish for up to 30 s.
CMD ["streamlit", "run", "app.py", "--server.port", "8501", "--browser.serverAddress", "localhost"]
