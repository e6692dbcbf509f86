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
#                  the modules that `path` names, built for the image's processor, on a system whose C library is no newer
#                  than its own (that of Debian 13). Other libraries that they need (ldd FILE.so names them) are not in
#                  it: install those in an image that begins FROM this one. A module that does not fit is refused, with
#                  the reason.
#   -v NAME:/var/lib/mesibo-modules
#                  only to keep the logs; modules log to the standard output too.
#
# `docker stop` lets modules finish what they hold; give it longer than the configured stop time, -t 30 or so. `docker kill
# --signal HUP` reloads the configuration. Other commands: docker exec CONTAINER mesibo-modules status

# ---- what it needs as it runs: installed anew only when the lock file has changed ----
FROM node:24-trixie-slim AS dependencies
WORKDIR /dependencies
COPY package.json package-lock.json ./
# Without scripts: the package's own need its sources, and the native dependencies come built for x86-64 and arm64.
RUN npm ci --omit=dev --ignore-scripts

# ---- the package, built and packed ----
FROM node:24-trixie-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
# What its tarball has, as anywhere else: nothing of the build is left in it.
RUN npm run build \
 && npm pack --ignore-scripts \
 && tar -xzf mesibo-modules-*.tgz --no-same-owner

# ---- what runs ----
FROM node:24-trixie-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/mesibo-modules --shell /usr/sbin/nologin mesibo \
 && install -d -o mesibo -m 0700 /run/mesibo-modules /var/lib/mesibo-modules \
 && install -d /etc/mesibo /usr/lib64/mesibo \
 && ln -s /opt/mesibo-modules/dist/bundles/mesibo-modules.cjs /usr/local/bin/mesibo-modules
COPY --from=dependencies /dependencies/node_modules /opt/mesibo-modules/node_modules
COPY --from=build /build/package /opt/mesibo-modules
# With its caches starts are faster.
WORKDIR /opt/mesibo-modules
RUN node scripts/install.mjs
ENV MESIBO_RUN_DIR=/run/mesibo-modules \
    MESIBO_STATE_DIR=/var/lib/mesibo-modules \
    NODE_ENV=production
USER mesibo
WORKDIR /var/lib/mesibo-modules

# Whether the core answers. Not "status", which fails for one module or a failed reload too: what replaces an unhealthy
# container would take the other modules down with it.
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["mesibo-modules", "list"]

# The core is process 1: it takes SIGTERM and SIGHUP itself, and reaps what modules leave behind.
STOPSIGNAL SIGTERM
ENTRYPOINT ["mesibo-modules"]
CMD ["start"]
