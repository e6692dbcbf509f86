# A core and its modules in a container.
#
#   docker build -t mesibo-modules .
#   docker run --shm-size=128m --tmpfs /run/mesibo-modules:uid=10001,mode=0700 \
#     -v /usr/lib64/mesibo:/usr/lib64/mesibo:ro -v /etc/mesibo:/etc/mesibo:ro mesibo-modules
#
# What it needs:
#   --shm-size     8 MiB for each module, and as much again for each that is replaced while it serves: the black boxes are
#                  in /dev/shm, which has 64 MiB unless told otherwise.
#   --tmpfs        sockets and the lock; without it they are on the container's disk, which works and is slower.
#   /etc/mesibo    mesibo.conf, and modules that were installed there. Readable for the user 10001.
#   /usr/lib64/mesibo
#                  the modules that `path` names. They are linked against the C library of the image: one built on a newer
#                  system is refused, with the reason.
#   -v NAME:/var/lib/mesibo-modules
#                  only to keep the logs; modules log to the standard output too.
#
# `docker stop` lets modules finish what they hold; give it longer than the configured stop time, -t 30 or so. `docker kill
# --signal HUP` reloads the configuration. Other commands: docker exec CONTAINER mesibo-modules status

# ---- the package, built and packed ----
FROM node:24-trixie-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
# Installed from its tarball, as anywhere else: nothing of the build is left in it.
RUN npm ci \
 && npm pack --ignore-scripts --pack-destination /tmp \
 && npm install --global --prefix /opt/mesibo-modules --omit=dev /tmp/mesibo-modules-*.tgz

# ---- what runs ----
FROM node:24-trixie-slim
COPY --from=build /opt/mesibo-modules /opt/mesibo-modules
ENV PATH=/opt/mesibo-modules/bin:$PATH \
    MESIBO_RUN_DIR=/run/mesibo-modules \
    MESIBO_STATE_DIR=/var/lib/mesibo-modules \
    NODE_ENV=production
RUN useradd --system --uid 10001 --home-dir /var/lib/mesibo-modules --shell /usr/sbin/nologin mesibo \
 && install -d -o mesibo -m 0700 /run/mesibo-modules /var/lib/mesibo-modules \
 && install -d /etc/mesibo /usr/lib64/mesibo
USER mesibo
WORKDIR /var/lib/mesibo-modules

# Whether the core answers. Not "status", which fails for one module or a failed reload too: what replaces an unhealthy
# container would take the other modules down with it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["mesibo-modules", "list"]

# The core is process 1: it takes SIGTERM and SIGHUP itself, and reaps what modules leave behind.
STOPSIGNAL SIGTERM
ENTRYPOINT ["mesibo-modules"]
CMD ["start"]
