"""Web servers as Debian ships them, each over TLS at an address of its own, each telling the request lines that it served."""

import os
import subprocess
import time

from . import certificates
from .client import dial

_APACHE = """
ServerRoot {folder}
ServerName {name}
PidFile {folder}/pid
Listen {socket}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
User nobody
Group nogroup
ErrorLog {folder}/error.log
LogFormat "%r" lines
CustomLog {log} lines
Protocols {protocols}
SSLEngine on
SSLCertificateFile {identity}
SSLCertificateKeyFile {identity}
DocumentRoot {folder}
"""

_LIGHTTPD = """
server.modules = ("mod_openssl", "mod_accesslog")
server.document-root = "{folder}"
server.bind = "{address}"
server.port = 443
server.username = "nobody"
server.errorlog = "{folder}/error.log"
accesslog.filename = "{log}"
accesslog.format = "%r"
ssl.engine = "enable"
ssl.pemfile = "{identity}"
server.feature-flags = ("server.h2proto" => "{switch}")
"""

_HAPROXY = """
global
  log stdout format raw local0
  maxconn 500
defaults
  mode http
  timeout client 10s
  timeout connect 5s
  timeout server 10s
frontend lab
  bind {socket} ssl crt {identity} alpn {alpn}
  log global
  log-format %r
  option http-buffer-request
  option dontlognull
  http-request return status 200 content-type text/plain string served
"""

_H2O = """
user: nobody
error-log: {folder}/error.log
access-log:
  path: {log}
  format: "%r"
hosts:
  "{name}":
    listen:
      host: {address}
      port: 443
      ssl:
        certificate-file: {identity}
        key-file: {identity}
    paths:
      "/":
        file.dir: {folder}
"""

_NGINX = """
user nobody nogroup;
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  log_format lines '$request';
  access_log {log} lines;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen {socket} ssl {http2};
    ssl_certificate {identity}; ssl_certificate_key {identity};
    location / {{ return 200 "served"; }}
  }}
}}
"""

_NODE = """
const fs = require('fs'), http2 = require('http2'), pem = fs.readFileSync('{identity}');
http2.createSecureServer({{key: pem, cert: pem, allowHTTP1: true, ALPNProtocols: '{alpn}'.split(',')}}, (request, response) => {{
  request.on('end', () => {{
    fs.appendFileSync('{log}', request.method + ' ' + request.url + ' HTTP/' + request.httpVersion + '\\n');
    response.end('served');
  }});
  request.resume();
}}).listen(443, '{address}');
"""

_PYTHON = """
import http.server, ssl

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self):
        left = int(self.headers.get('content-length', 0))
        if self.headers.get('transfer-encoding'):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            while self.rfile.readline().strip():
                pass
        self.rfile.read(left)
        self.send_response(200)
        self.send_header('Content-Length', '6')
        self.end_headers()
        self.wfile.write(b'served')

    do_GET = do_POST = do_HEAD = do_PUT = answer

    def log_request(self, code='-', size='-'):
        with open('{log}', 'a') as file:
            file.write(self.requestline + '\\n')

server = http.server.ThreadingHTTPServer(('{address}', 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('{identity}')
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""

_GUNICORN = """
def application(environ, start_response):
    environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Length', '6')])
    return [b'served']
"""

# name -> (its file, the file's name, the command behind it)
_SERVERS = {
    "nginx": (_NGINX, "nginx.conf", ["nginx", "-e", "{folder}/error.log", "-c", "{file}"]),
    "apache2": (_APACHE, "apache.conf", ["apache2", "-f", "{file}", "-DFOREGROUND"]),
    "lighttpd": (_LIGHTTPD, "lighttpd.conf", ["lighttpd", "-D", "-f", "{file}"]),
    "haproxy": (_HAPROXY, "haproxy.cfg", ["haproxy", "-db", "-f", "{file}"]),
    "h2o": (_H2O, "h2o.yaml", ["h2o", "-c", "{file}"]),
    "node": (_NODE, "server.js", ["node", "{file}"]),
    "python": (_PYTHON, "server.py", ["/usr/bin/python3", "{file}"]),
    "gunicorn": (_GUNICORN, "served.py", ["gunicorn", "--chdir", "{folder}", "--bind", "{socket}", "--certfile", "{identity}",
                                          "--keyfile", "{identity}", "--threads", "4", "--access-logfile", "{log}",
                                          "--access-logformat", "%(r)s", "served:application"]),
}
NAMES = tuple(_SERVERS)


class DebianOrigin:
    """One of NAMES at `address`, for the name NAME.origins.test; it ends with the namespace. h2o speaks HTTP/2 even without
    `http2`, which it knows no way to turn off."""

    def __init__(self, lab, server, address, http2=True):
        self.server, self.address, self.name = server, address, f"{server}.origins.test"
        folder = os.path.join(lab.folder, server)
        os.makedirs(folder)
        os.chmod(folder, 0o777)
        self.log = os.path.join(folder, "requests")
        with open(self.log, "w", encoding="ascii"):
            os.chmod(self.log, 0o666)
        text, file, command = _SERVERS[server]
        values = {"folder": folder, "log": self.log, "address": address, "name": self.name, "file": os.path.join(folder, file),
                  "socket": f"{f'[{address}]' if ':' in address else address}:443",
                  "protocols": "h2 http/1.1" if http2 else "http/1.1", "alpn": "h2,http/1.1" if http2 else "http/1.1",
                  "http2": "http2" if http2 else "", "switch": "enable" if http2 else "disable",
                  "identity": lab.identity_file(certificates.issue(lab.root, [self.name]))}
        os.chmod(values["identity"], 0o644)
        with open(values["file"], "w", encoding="ascii") as made:
            made.write(text.format(**values) if server != "gunicorn" else text)
        with open(os.path.join(folder, "output"), "wb") as output:
            # haproxy tells its requests on its standard output.
            with open(self.log, "ab") as lines:
                self._process = lab.origin_side.start([word.format(**values) for word in command], stderr=output,
                                                      stdout=lines if server == "haproxy" else output, stdin=subprocess.DEVNULL)
        self._output = os.path.join(folder, "output")
        self._namespace = lab.origin_side

    def wait_open(self, timeout=20):
        """Waits until it accepts connections."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                dial(self._namespace, self.address, 443, timeout=2).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    with open(self._output, encoding="utf-8", errors="replace") as file:
                        raise RuntimeError(f"{self.server} does not listen: {file.read()[-1000:]}") from None
                time.sleep(0.05)

    def wait_line(self, text, timeout=20):
        """Waits until a request line with this text is in the log; lighttpd writes it some seconds late."""
        deadline = time.monotonic() + timeout
        while not any(text in line for line in self.lines()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.server} does not tell of {text!r}: {self.lines()[-5:]}")
            time.sleep(0.05)

    def lines(self):
        """The request lines that it has served."""
        with open(self.log, encoding="latin-1") as file:
            # haproxy and lighttpd also tell of connections on which nobody asked for anything.
            return [line for line in file.read().splitlines()
                    if line and not line.endswith("SSL handshake failure") and line != "PRI * HTTP/2.0"]
