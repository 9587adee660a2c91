"""nginx as an origin: for bulk, and because origins are nginx."""

import os
import subprocess

from . import certificates


class Nginx:
    """Serves `root` over TLS and plain HTTP, takes PUT below /upload/, and logs who asked.

    nginx goes to the background once it listens, so that nothing has to wait for it."""

    def __init__(self, lab, names, addresses, port=443, directives="", http2=False):
        name = f"nginx-{addresses[0]}-{port}"
        self.folder = os.path.join(lab.folder, name)
        self.root = os.path.join(lab.large_folder(), name)
        self.access_log = os.path.join(self.folder, "access.log")
        os.makedirs(self.folder, exist_ok=True)
        os.makedirs(os.path.join(self.root, "upload"), exist_ok=True)
        for path in (self.folder, self.root, os.path.join(self.root, "upload")):
            os.chmod(path, 0o777)
        identity = lab.identity_file(certificates.issue(lab.root, names))
        options = "ssl http2 backlog=4096" if http2 else "ssl backlog=4096"
        listens = "".join(f"listen {f'[{one}]' if ':' in one else one}:{port} {options};\n" for one in addresses)
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(_CONFIG.format(folder=self.folder, root=self.root, identity=identity, listens=listens,
                                      directives=directives))
        lab.origin_side.run(["nginx", "-e", f"{self.folder}/error.log", "-p", self.folder, "-c", config])
        self._lab = lab

    def log_lines(self):
        with open(self.access_log, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()


def sha256_of(path):
    return subprocess.run(["sha256sum", path], check=True, capture_output=True, text=True).stdout.split()[0]


_CONFIG = """
user nobody nogroup;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  log_format lab '$remote_addr "$request" $status $body_bytes_sent "$http_host"';
  access_log {folder}/access.log lab;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  client_max_body_size 0; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  ssl_session_cache shared:lab:8m;
  server {{
    {listens}
    ssl_certificate {identity}; ssl_certificate_key {identity};
    root {root};
    {directives}
    location /upload/ {{ dav_methods PUT; }}
    location = /small {{ return 200 "small\\n"; }}
  }}
}}
"""
