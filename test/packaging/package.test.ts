import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"

/** Users have no test runner that hooks into each Node process (it puts itself back into a given environment). */
const asUsersDo = ["-u", "NODE_OPTIONS"] as const

interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}
interface Lock {
  readonly version: string
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly dev?: boolean
        readonly optional?: boolean
        readonly hasInstallScript?: boolean
        readonly license?: string
      }
    >
  >
}
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock
const production = Object.entries(lock.packages).filter(([path, one]) => path !== "" && !one.dev)

await t.test(
  "the package holds what runs and what is configured, no sources and no tests; installed, it runs",
  async (t) => {
    const folder = t.testdir()
    const [packed] = JSON.parse(
      execFileSync("env", [...asUsersDo, "npm", "pack", "--json", "--loglevel=error", `--pack-destination=${folder}`], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).replace(/^[^[]*/, ""),
    ) as Packed[]
    const paths = packed?.files.map(({ path }) => path) ?? []
    const top = new Set(paths.map((path) => path.split("/")[0]))
    t.strictSame(
      top,
      new Set(["CHANGELOG.md", "LICENSE", "README.md", "config", "dist", "package.json", "src", "systemd"]),
    )
    t.strictSame(
      paths.filter((path) => path.startsWith("src/")),
      ["src/lockstep.js"],
    )
    t.ok((packed?.size ?? Infinity) < 1_000_000, `${packed?.size} bytes`)
    const tarball = join(folder, packed?.filename ?? "")
    execFileSync(
      "env",
      [
        ...asUsersDo,
        "npm",
        "install",
        "--global",
        "--prefix",
        folder,
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        tarball,
      ],
      { stdio: "ignore" },
    )
    const command = join(folder, "bin/lockstep")
    const run = (...args: string[]) =>
      spawnSync("env", [...asUsersDo, process.execPath, command, ...args], { encoding: "utf8", cwd: folder })
    t.match(run("--version").stdout, /^0\.2\.0 \([0-9a-f]{7,10}\)\n$/, "with the commit that it was built from")
    t.match(run("--help").stdout, /validate/)
    const flow = "from prefect import flow\n\n\n@flow\ndef hello(n: int = 1):\n    pass\n"
    writeFileSync(join(folder, "flow.py"), flow)
    writeFileSync(
      join(folder, "prefect.yaml"),
      'deployments: [{ name: d, entrypoint: "flow.py:hello", work_pool: { name: p } }]\n',
    )
    const validated = run("validate", ".")
    t.equal(validated.status, 0, validated.stdout + validated.stderr)
    const inItsThread = join(folder, "in-its-thread.mjs")
    writeFileSync(inItsThread, readsInTheThread(join(folder, "lib/node_modules/lockstep/dist")))
    const read = spawnSync("env", [...asUsersDo, process.execPath, inItsThread], { encoding: "utf8", cwd: folder })
    t.equal(read.stdout, "hello/d\n", read.stderr)
  },
)

/** A program that reads a commit in the thread in which the daemon does. */
function readsInTheThread(dist: string): string {
  return `
import { readFileSync } from "node:fs"
import { openThread } from "${dist}/thread/port.js"
import { standardSource } from "${dist}/cli/lint.js"
const port = openThread(() => performance.now())
const entries = new Map(["prefect.yaml", "flow.py"].map((path) => [path, { kind: "file", oid: path }]))
const read = async (oids) => new Map(oids.map((oid) => [oid, { kind: "text", text: readFileSync(oid, "utf8") }]))
const index = await port.index({ revision: "${"0".repeat(40)}", entries }, standardSource, read)
const nothing = new Map()
const inputs = { branch: "main", env: nothing, variables: nothing, images: nothing, earlier: [], pins: nothing }
console.log([...(await port.bind(index, inputs, standardSource)).deployments.keys()].join())
`
}

t.test("on a Node that is too old it says so in one sentence", async (t) => {
  const old = ["/usr/bin/node", "/usr/local/bin/node"].find(
    (path) =>
      existsSync(path) &&
      spawnSync(path, ["-p", "process.versions.node.split('.')[0]"], { encoding: "utf8" }).stdout.trim() < "24",
  )
  if (!old) {
    t.pass("this machine has no older Node to try")
    return
  }
  const { status, stderr } = spawnSync(old, ["src/lockstep.js", "--version"], { encoding: "utf8" })
  t.equal(status, 69)
  t.match(stderr, /^lockstep needs Node\.js 24 or newer; this is v\d+/)
  t.equal(stderr.trim().split("\n").length, 1)
})

t.test("compiled code is kept in the user's own folder, and nothing is wrong where there is none", async (t) => {
  const folder = t.testdir({ file: "" })
  const run = (cache: string) => {
    const unset = [...asUsersDo, "-u", "NODE_COMPILE_CACHE", "-u", "NODE_DISABLE_COMPILE_CACHE"]
    const command = [...unset, `XDG_CACHE_HOME=${cache}`, process.execPath, "src/lockstep.js", "--version"]
    return spawnSync("env", command, { encoding: "utf8" })
  }
  for (const cache of [join(folder, "cache"), join(folder, "cache"), join(folder, "file")]) {
    const { status, stdout, stderr } = run(cache)
    t.match(
      { status, stdout, stderr },
      { status: 0, stdout: new RegExp(`^${RegExp.escape(lock.version)}( |\\n)`), stderr: "" },
    )
  }
  t.ok(existsSync(join(folder, "cache", "lockstep")))
})

t.test("production dependencies have free licences and no install scripts", async (t) => {
  const free = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "Zlib"])
  const licences = production.map(
    ([path, { license }]) =>
      [
        path,
        license ?? (JSON.parse(readFileSync(`${path}/package.json`, "utf8")) as { license: string }).license,
      ] as const,
  )
  t.strictSame(
    licences.filter(
      ([, licence]) =>
        !(licence ?? "")
          .replaceAll(/[()]/g, "")
          .split(" OR ")
          .some((one) => one.split(" AND ").every((part) => free.has(part))),
    ),
    [],
  )
  t.strictSame(
    production.filter(([, one]) => one.hasInstallScript).map(([path]) => path),
    [],
  )
  t.ok(production.length < 130, `${production.length} packages`)
})
