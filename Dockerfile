# The router's image: `scripts/build-images.sh`, or `docker build -t clearway/router .`
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/clearway
COPY package.json package-lock.json ./
# The versions of package-lock.json, without the optional packages: a Node.js for checkouts, and native parts that are not
# used. `npm ci` would refuse a lock file that lacks optional packages of other platforms.
RUN npm install --no-save --omit=dev --omit=optional --no-audit --no-fund --loglevel=error

FROM node:24-bookworm-slim
# The folder is shared through a volume, which takes owner and mode from here when it is new.
RUN groupadd --gid 65532 clearway \
  && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin clearway \
  && install --directory --owner 65532 --group 65532 --mode 2750 /etc/nginx/conf.d \
  && ln -s /opt/clearway/router-entrypoint /usr/local/bin/clearway
WORKDIR /opt/clearway
COPY --from=packages /opt/clearway/node_modules node_modules
COPY package.json ./
COPY scripts/node.sh scripts/
COPY compose/router-entrypoint compose/router-health.js ./
COPY bin bin
COPY crds crds
COPY templates templates
COPY src src
# Node keeps its compile cache per uid. It is filled here, because the root file system may be read-only later, and belongs
# to root, so that a router cannot change its own code.
RUN cache=node_modules/.cache/clearway-compiled \
  && install --directory --owner 65532 --group 65532 "$cache" \
  && setpriv --reuid=65532 --regid=65532 --clear-groups bin/clearway --version \
  && chown --recursive root:root "$cache" && chmod --recursive a+rX "$cache"
ENV NODE_ENV=production
ENTRYPOINT ["/opt/clearway/router-entrypoint"]
CMD ["router"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/opt/clearway/router-entrypoint", "health"]
