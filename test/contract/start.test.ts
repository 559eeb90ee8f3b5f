import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer, type AddressInfo } from "node:net"
import { join } from "node:path"
import t from "tap"

/** The real process, told to start with what can't be: one line that names the key, an exit code, nothing left behind. */

const folder = t.testdir({ "a-file": "" })
const holder = createServer().listen(0, "127.0.0.1")
await once(holder, "listening")
t.teardown(() => holder.close())
const taken = `127.0.0.1:${(holder.address() as AddressInfo).port}`

/** No Prefect and no Git answers: neither is a reason not to start. */
const config = (settings: object) => ({
  installation: "start",
  workspaces: [{ name: "default", apiUrl: "http://127.0.0.1:9/api" }],
  server: { listen: "127.0.0.1:0" },
  stateDir: join(folder, "state"),
  sources: [{ name: "main", url: "http://127.0.0.1:9/main.git" }],
  ...settings,
})

async function run(text: string, environment: Readonly<Record<string, string>> = {}, until?: RegExp) {
  const path = join(folder, "lockstep.yaml")
  writeFileSync(path, text)
  const child = spawn(process.execPath, ["src/lockstep.js", "run", "--config", path], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...environment },
  })
  const said = { out: "", err: "" }
  child.stdout.on("data", (data: Buffer) => {
    said.out += data.toString()
    if (until?.test(said.out)) child.kill("SIGTERM")
  })
  child.stderr.on("data", (data: Buffer) => (said.err += data.toString()))
  const [code] = (await once(child, "exit")) as [number | null]
  return { code, ...said }
}

const impossible: readonly (readonly [string, object, RegExp])[] = [
  [
    "a port that is taken",
    { server: { listen: taken } },
    /^error: server\.listen: can't listen on 127\.0\.0\.1:\d+: another program does already \(a second daemon\?\)\n$/,
  ],
  [
    "an address of another machine",
    { server: { listen: "192.0.2.1:8484", token: { env: "T" } } },
    /^error: server\.listen: can't listen on 192\.0\.2\.1:8484: this machine doesn't have that address\n$/,
  ],
  [
    "a host that nobody knows",
    { server: { listen: "no-such-host.invalid:8484", token: { env: "T" } } },
    /^error: server\.listen: [^\n]*\n$/,
  ],
  [
    "a state folder below a file",
    { stateDir: join(folder, "a-file", "state") },
    /^error: stateDir: [^\n]*a-file\/state can't be written: ENOTDIR[^\n]*\n$/,
  ],
  [
    "a state folder that is a file",
    { stateDir: join(folder, "a-file") },
    /^error: stateDir: [^\n]* can't be written: ENOTDIR[^\n]*\n$/,
  ],
  [
    "a state folder in a read-only place",
    { stateDir: "/proc/lockstep" },
    /^error: stateDir: \/proc\/lockstep can't be written: [^\n]*\n$/,
  ],
]
for (const [title, settings, line] of impossible) {
  await t.test(`${title} ends the start: one line that names the key, exit code 1`, async (t) => {
    const { code, out, err } = await run(JSON.stringify(config(settings)))

    t.equal(code, 1)
    t.match(err, line)
    t.notMatch(out, "listening")
  })
}

await t.test("a start while Git and Prefect are away is a start, and SIGTERM ends it with 0", async (t) => {
  const { code, err } = await run(JSON.stringify(config({})), {}, /"msg":"listening"/)

  t.strictSame([code, err], [0, ""])
})

await t.test("README's own config starts a daemon that takes README's own token", async (t) => {
  const [, yaml = ""] = /```yaml\n(\s*installation:[\s\S]*?)```/.exec(readFileSync("README.md", "utf8")) ?? []
  const text = yaml.replaceAll(/^ {3}/gm, "")
  t.match(text, /token: \{ env: LOCKSTEP_TOKEN \}/, "the token that the commands send by themselves")

  const { code, out } = await run(
    text.replace("server: {", `server: { listen: "127.0.0.1:0",`),
    { LOCKSTEP_TOKEN: "x", GIT_TOKEN: "y" },
    /"msg":"listening"/,
  )

  t.equal(code, 0, out)
})
