import { writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { lockstep } from "./shell.ts"

const commands = [
  "init",
  "import",
  "run",
  "validate",
  "plan",
  "status",
  "sync",
  "history",
  "trace",
  "orphans",
  "suspend",
  "resume",
  "pin",
  "unpin",
  "confirm",
]

t.test("--help names every command, where config and daemon are looked for, and all exit codes", async (t) => {
  const { code, out, err } = await lockstep(["--help"])

  t.equal(code, 0)
  t.equal(err, "")
  for (const command of commands) t.match(out, new RegExp(`^  ${command} `, "m"))
  t.match(out, "$LOCKSTEP_CONFIG, ./lockstep.yaml, /etc/lockstep/lockstep.yaml")
  t.match(out, "$LOCKSTEP_SERVER")
  for (const exit of [0, 1, 2, 64, 69, 130]) t.match(out, new RegExp(`^  ${exit} +\\S`, "m"))
})

for (const command of commands) {
  t.test(`the help of ${command} has an example`, async (t) => {
    const { code, out } = await lockstep([command, "--help"])

    t.equal(code, 0)
    t.match(out, new RegExp(`Examples?:\\n  lockstep ${command}`))
  })
}

t.test("--version shows the version and nothing else", async (t) => {
  t.strictSame(await lockstep(["--version"]), { code: 0, out: "1.2.3 (abcdef0)\n", err: "" })
})

const mistakes: readonly (readonly [readonly string[], string])[] = [
  [["statsu"], "error: unknown command 'statsu'\n(Did you mean status?)\n"],
  [["plan", "--sorce", "x"], "error: unknown option '--sorce'\n(Did you mean --source?)\n"],
  [["suspend", "analytics"], "error: required option '-r, --reason <text>' not specified\n"],
  [["validate"], "error: missing required argument 'path'\n"],
  [["plan", "--json", "--markdown"], "error: give --json or --markdown, not both\n"],
  [["import", "--api-url", "x", "--workspace", "y"], "error: give --api-url, or a workspace of the config, not both\n"],
  [["import", "--api-url", "localhost:4200"], "error: Prefect's API URL must be an absolute https:// or http:// URL\n"],
  [["import", "--select", "etl"], 'error: --select wants flow/deployment, such as "etl-*/prod-*", not "etl"\n'],
  [
    ["import"],
    "error: no config file: give --config FILE, set LOCKSTEP_CONFIG, or put one at ./lockstep.yaml or /etc/lockstep/lockstep.yaml\n",
  ],
  [["validate", ".", "--env", "1=2"], 'error: --env wants NAME=VALUE, not "1=2"\n'],
  [
    ["pin", "analytics", "HEAD", "--reason", "x"],
    'error: "HEAD" is no full commit id of 40 hex digits: git rev-parse HEAD\n',
  ],
  [["sync", "analytics", "--wait", "11m"], 'error: --wait wants a duration of at most 10m, such as 30s, not "11m"\n'],
  [
    ["suspend", "analytics", "--reason", "x", "--until", "tomorrow"],
    'error: --until wants a duration such as 2h, or an instant such as 2030-01-31T18:00:00Z; not "tomorrow"\n',
  ],
  [
    ["status", "--server", "localhost:8484"],
    'error: "localhost:8484" is no address of a daemon: give one such as http://127.0.0.1:8484\n',
  ],
  [
    ["status", "--server", "http://u:p@localhost"],
    "error: the daemon wants a token, not a password in the address: --token-file\n",
  ],
  [
    ["run"],
    "error: no config file: give --config FILE, set LOCKSTEP_CONFIG, or put one at ./lockstep.yaml or /etc/lockstep/lockstep.yaml\n",
  ],
]
for (const [argv, message] of mistakes) {
  t.test(`a wrong command line says what is wrong: ${argv.join(" ")}`, async (t) => {
    t.strictSame(await lockstep(argv), { code: 64, out: "", err: message })
  })
}

t.test("no command at all shows the help, as a mistake", async (t) => {
  const { code, out, err } = await lockstep([])

  t.equal(code, 64)
  t.equal(out, "")
  t.match(err, "Usage: lockstep")
})

t.test("run hands over the config file and its exit code is the daemon's", async (t) => {
  const folder = t.testdir({ "lockstep.yaml": "", "other.yaml": "" })
  const given: string[] = []
  const run = async (path: string) => given.push(path)
  const shell = { folder, run }

  t.equal((await lockstep(["run"], shell)).code, 1)
  await lockstep(["run", "--config", "other.yaml"], shell)
  await lockstep(["run"], { ...shell, environment: { LOCKSTEP_CONFIG: "/etc/x.yaml" } })
  await lockstep(["run", "-c", "/a.yaml"], { ...shell, environment: { LOCKSTEP_CONFIG: "/etc/x.yaml" } })

  t.strictSame(given, [join(folder, "lockstep.yaml"), join(folder, "other.yaml"), "/etc/x.yaml", "/a.yaml"])
})

t.test("an invalid config is told with its places", async (t) => {
  const folder = t.testdir({})
  writeFileSync(join(folder, "lockstep.yaml"), "installation: test\nsources:\n  - nam: x\n")

  const { code, err } = await lockstep(["plan"], { folder })

  t.equal(code, 1)
  t.match(err, /^error: the config is invalid:\n {2}.*lockstep\.yaml:3:\d+: sources\[0\]/)
})

t.test("an interrupted command ends with 130", async (t) => {
  const signal = AbortSignal.abort(new Error("interrupted"))

  t.equal((await lockstep(["status", "--server", "http://127.0.0.1:1"], { signal })).code, 130)
})

t.test("what nobody foresaw is told with its place in the code", async (t) => {
  const { code, err } = await lockstep(["run", "-c", "x"], { run: () => Promise.reject(new TypeError("oops")) })

  t.equal(code, 1)
  t.match(err, /^error: oops\nTypeError: oops\n +at /)
})
