"""An origin of the contest: nginx."""

import os

from . import machine


class NginxOrigin:
    """One nginx in the namespace `side`, in a folder of its own, on the cores of the load. `http`: what stands in its http block
    beside what all origins have. It goes to the background once it listens, so that nothing has to wait for it; it ends with its
    namespace."""

    def __init__(self, arena, side, name, http):
        self.folder = os.path.join(arena.folder, name)
        os.makedirs(self.folder)
        config = arena.write(f"{name}.conf", _CONFIG.format(folder=self.folder, root=arena.root_folder, http=http))
        side.run(machine.pinned(["nginx", "-e", f"{self.folder}/error.log", "-c", config], arena.other_cores))

    def master(self):
        with open(os.path.join(self.folder, "nginx.pid"), encoding="ascii") as file:
            return int(file.read())

    def processes(self):
        """The master first."""
        return machine.family(self.master())


_CONFIG = """
user nobody nogroup;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 12000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4;
  scgi_temp_path {folder}/5;
  client_max_body_size 0; sendfile on; keepalive_requests 100000000; keepalive_timeout 600s; ssl_protocols TLSv1.2 TLSv1.3;
  root {root};
  {http}
}}
"""
