import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { parse, parseAllDocuments } from "yaml"
import { loadConfig } from "../../src/config/load.ts"
import { openDaemon } from "../../src/daemon.ts"
import { systemClock } from "../../src/lib/clock.ts"

/** What the shipped manifests say about the daemon must be so: paths, port, user, patience, version. */
type Yaml = Readonly<Record<string, never>>
const text = (path: string): string => readFileSync(path, "utf8")
const { version } = JSON.parse(text("package.json")) as { version: string }
const dockerfile = text("Dockerfile")
const configPath = "/etc/lockstep/lockstep.yaml"
const statePath = "/var/lib/lockstep"
const drainSeconds = 20

t.test(
  "the image: runs as a number, its command names the config, its health check and its version are right",
  async (t) => {
    t.match(dockerfile, /^USER 1000:1000$/m)
    t.match(dockerfile, `CMD ["run", "--config", "${configPath}"]`)
    t.match(dockerfile, /^ENTRYPOINT \["node", "src\/lockstep\.js"\]$/m)
    t.match(dockerfile, /^HEALTHCHECK [^\n]* CMD \["node", "-e", "fetch\('http:\/\/127\.0\.0\.1:8484\/livez'\)/m)
    t.match(dockerfile, `ARG VERSION=${version}\n`)
    t.notMatch(dockerfile, /\b(curl|wget|apt-get)\b/)
    const ignored = text(".dockerignore").split("\n")
    t.equal(ignored[0], "*", "nothing gets in that isn't named")
    for (const [, path] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm))
      for (const one of (path ?? "").split(" ")) t.ok(ignored.includes(`!${one}`) && existsSync(one), one)
  },
)

t.test(
  "Kubernetes: one replica that is replaced, probed where the daemon answers, with nothing to write to but its state",
  async (t) => {
    const [deployment, service] = parseAllDocuments(text("config/kubernetes/lockstep.yaml")).map(
      (one) => one.toJS() as Yaml,
    )
    t.match(deployment, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      spec: { replicas: 1, strategy: { type: "Recreate" } },
    })
    const pod = (deployment as never as { spec: { template: { metadata: { labels: object }; spec: object } } }).spec
      .template
    const { containers, volumes, ...rest } = pod.spec as unknown as {
      containers: readonly Record<string, unknown>[]
      volumes: readonly { name: string }[]
      terminationGracePeriodSeconds: number
    }
    t.ok(rest.terminationGracePeriodSeconds > drainSeconds)
    t.match(rest, { automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, runAsUser: 1000 } })
    t.equal(containers.length, 1)
    const [container] = containers
    t.match(container, {
      image: `lockstep:${version}`,
      args: ["run", "--config", configPath],
      ports: [{ name: "http", containerPort: 8484 }],
      livenessProbe: { httpGet: { path: "/livez", port: "http" } },
      readinessProbe: { httpGet: { path: "/readyz", port: "http" } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
    })
    const mounts = container?.["volumeMounts"] as readonly { name: string; mountPath: string; subPath?: string }[]
    t.strictSame(
      mounts.map(({ name }) => name),
      volumes.map(({ name }) => name),
    )
    t.strictSame(
      mounts.map(({ mountPath }) => mountPath),
      ["/etc/lockstep", "/run/secrets/lockstep", statePath],
    )
    t.ok(
      mounts.every(({ subPath }) => subPath === undefined),
      "a subPath would never be updated",
    )
    const { labels } = pod.metadata
    t.match(deployment, { spec: { selector: { matchLabels: labels } } })
    t.match(service, { kind: "Service", spec: { selector: labels, ports: [{ port: 8484, targetPort: "http" }] } })
  },
)

t.test("compose: what it mounts is there, and Prometheus finds the daemon and its rules", async (t) => {
  const compose = parse(text("config/compose.yaml")) as {
    services: Record<string, { volumes: readonly string[]; stop_grace_period?: string; secrets?: readonly string[] }>
    secrets: object
    volumes: object
  }
  t.strictSame(Object.keys(compose.services), ["prefect", "lockstep", "prometheus"])
  const { lockstep, prometheus } = compose.services
  t.ok(Number.parseInt(lockstep?.stop_grace_period ?? "0") > drainSeconds)
  t.strictSame(lockstep?.volumes, [`./lockstep.yaml:${configPath}:ro`])
  t.match(lockstep, { read_only: true, cap_drop: ["ALL"] })
  t.strictSame(lockstep?.secrets, Object.keys(compose.secrets))
  for (const mount of prometheus?.volumes ?? []) t.ok(existsSync(join("config", mount.split(":")[0] ?? "")), mount)
  const scrape = parse(text("config/prometheus/prometheus.yml")) as Yaml
  t.match(scrape, { rule_files: ["lockstep.rules.yml"] })
  t.match(JSON.stringify(scrape), "lockstep:8484")
})

t.test("the paths that the daemon answers at are those that the manifests ask", async (t) => {
  const folder = t.testdir()
  const path = join(folder, "lockstep.yaml")
  writeFileSync(
    path,
    JSON.stringify({
      installation: "x",
      server: { listen: "127.0.0.1:0" },
      stateDir: join(folder, "state"),
      sources: [{ name: "a", url: "http://127.0.0.1:9/a.git" }],
    }),
  )
  const log = { level: "silent", format: "json", out: { write: () => undefined } } as const
  await using daemon = await openDaemon({ configPath: path, environment: {}, clock: systemClock, log })
  t.equal((await fetch(`${daemon.address}/livez`)).status, 200)
  t.match((await fetch(`${daemon.address}/readyz`)).status, /200|503/)
  const standard = join(folder, "standard.yaml")
  writeFileSync(standard, JSON.stringify({ installation: "x", sources: [] }))
  const { server, stateDir } = await loadConfig(standard, {})
  t.strictSame(
    [server.listen.port, stateDir],
    [8484, statePath],
    "the port and the folder of the manifests are the defaults",
  )
})

t.test(
  "systemd: the unit waits longer than the daemon drains, and its paths are those of the documentation",
  async (t) => {
    const unit = text("systemd/lockstep.service")
    t.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > drainSeconds)
    t.match(unit, `ExecStart=/usr/bin/lockstep run --config ${configPath}`)
    for (const line of [
      "Type=notify",
      "NotifyAccess=all",
      "Restart=always",
      "DynamicUser=yes",
      "StateDirectory=lockstep",
    ])
      t.match(unit, new RegExp(`^${line}$`, "m"))
    t.match(unit, /^LoadCredential=token:\/etc\/lockstep\/token$/m)
  },
)

t.test("the SBOM lists what a user gets, and no path of this machine", async (t) => {
  const bom = execFileSync("npm", ["run", "--silent", "sbom"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  })
  const { bomFormat, components, metadata } = JSON.parse(bom) as {
    bomFormat: string
    components: readonly { name: string }[]
    metadata: { component: { name: string; version: string } }
  }
  const { component } = metadata
  t.strictSame([bomFormat, component.name, component.version], ["CycloneDX", "lockstep", version])
  const { dependencies, devDependencies } = JSON.parse(text("package.json")) as Record<string, Record<string, string>>
  const names = new Set(components.map(({ name }) => name))
  t.strictSame(
    Object.keys(dependencies ?? {}).filter((name) => !names.has(name)),
    [],
  )
  t.strictSame(
    Object.keys(devDependencies ?? {}).filter((name) => names.has(name)),
    [],
  )
  t.ok(names.size > 80)
  t.notOk(bom.includes(process.cwd()))
})
