# Two stages: the second has no npm step and runs as a number, so that Kubernetes can check that it isn't root.
FROM docker.io/library/node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier

FROM docker.io/library/node:24-bookworm-slim
ARG VERSION=0.2.0
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="lockstep" \
      org.opencontainers.image.description="GitOps for Prefect 3" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
# V8 would keep tens of megabytes for short-lived objects; a daemon that mostly waits needs 4.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4 LOCKSTEP_COMMIT=${COMMIT}
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
USER 1000:1000
EXPOSE 8484
# The only place it writes to; an emptyDir or a tmpfs will do, because everything in it may be lost.
VOLUME ["/var/lib/lockstep"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["node", "-e", "fetch('http://127.0.0.1:8484/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/lockstep.js"]
CMD ["run", "--config", "/etc/lockstep/lockstep.yaml"]
