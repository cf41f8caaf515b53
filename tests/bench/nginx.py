"""A keep-alive nginx on loopback that answers 200."""
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from partners import closed_port

CONFIG = """
worker_processes 1; daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_timeout 600s; keepalive_requests 10000000; client_max_body_size 16m;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; default_type application/json;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{{"ok": true}}'; }} }}
}}
"""


class Nginx:
    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="bench-nginx-")
        folder = Path(self._folder.name)
        port = closed_port()
        (folder / "conf").write_text(CONFIG.format(folder=folder, port=port))
        self._process = subprocess.Popen(["nginx", "-c", folder / "conf", "-p", folder, "-e", folder / "error.log"],
                                         env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}/hook"
        for _ in range(100):
            try:
                urllib.request.urlopen(self.url, timeout=1).read()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError((folder / "error.log").read_text())

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()
