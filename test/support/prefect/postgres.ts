import { execFileSync, spawn } from "node:child_process"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./server.ts"

/** A private PostgreSQL on loopback with one empty database. */
export interface Postgres extends AsyncDisposable {
  /** As Prefect's settings want it. */
  readonly url: string
}

const packages = "/usr/lib/postgresql"
const user = "lockstep"
/** PostgreSQL refuses to run as root, so root starts it as `nobody`. */
const nobody = 65_534
const startMaxMs = 20_000
const pollMs = 50

/** It dies with this process. Where PostgreSQL isn't installed it is installed first, which needs Debian and root. */
export async function openPostgres(): Promise<Postgres> {
  const programs = programsFolder() ?? install()
  const data = mkdtempSync(join(tmpdir(), "lockstep-postgres-"))
  const asRoot = process.getuid?.() === 0
  if (asRoot) chownSync(data, nobody, nobody)
  const identity = asRoot ? [`--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"] : []
  const initdb = [join(programs, "initdb"), "--no-sync", "--auth=trust", `--username=${user}`, "--encoding=UTF8"]
  const settings = { cwd: data, env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" } }
  execFileSync("setpriv", [...identity, ...initdb, `--pgdata=${data}`], { ...settings, stdio: "ignore" })
  const port = await freePort()
  const server = [join(programs, "postgres"), "-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", "", "-F"]
  const child = spawn("setpriv", [...identity, "--pdeathsig", "KILL", ...server], { ...settings, stdio: "ignore" })
  const ended = new Promise<void>((done) => child.once("exit", () => done()))
  const close = async (): Promise<void> => {
    // SIGINT: end now, without waiting for clients.
    child.kill("SIGINT")
    await ended
    rmSync(data, { recursive: true, force: true })
  }
  try {
    await ready(join(programs, "pg_isready"), port)
  } catch (error) {
    await close()
    throw error
  }
  return { url: `postgresql+asyncpg://${user}@127.0.0.1:${port}/postgres`, [Symbol.asyncDispose]: close }
}

/** That of the newest version. */
function programsFolder(): string | null {
  const versions = existsSync(packages) ? readdirSync(packages) : []
  const folders = versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(packages, version, "bin"))
  return folders.find((folder) => existsSync(join(folder, "initdb"))) ?? null
}

function install(): string {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  execFileSync("apt-get", ["install", "--yes", "--no-install-recommends", "postgresql"], { env, stdio: "ignore" })
  const folder = programsFolder()
  if (!folder) throw new Error(`PostgreSQL was installed, but ${packages} has no initdb`)
  return folder
}

async function ready(isready: string, port: number): Promise<void> {
  for (let waited = 0; waited < startMaxMs; waited += pollMs) {
    try {
      execFileSync(isready, ["--quiet", "--host=127.0.0.1", `--port=${port}`])
      return
    } catch {
      await new Promise((wake) => setTimeout(wake, pollMs))
    }
  }
  throw new Error(`PostgreSQL isn't up after ${startMaxMs / 1_000} s`)
}
