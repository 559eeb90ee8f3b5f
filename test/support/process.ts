import { spawn, type ChildProcess } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

/** A daemon in a process of its own, which can be stopped, woken and killed. */
export interface Lockstep {
  readonly process: ChildProcess
  log(): string
  /** Resolves once the process has ended. */
  readonly ended: Promise<void>
}

export function startLockstep(
  folder: string,
  name: string,
  config: { readonly apiUrl: string; readonly installation: string; readonly sources: readonly object[] } & object,
): Lockstep {
  const { apiUrl, installation, sources } = config
  const path = join(folder, `${name}.yaml`)
  const settings = {
    installation,
    workspaces: [{ name: "default", apiUrl }],
    server: { listen: "127.0.0.1:0" },
    stateDir: join(folder, `${name}.state`),
    defaults: { interval: "1s", pullCommit: "none" },
    sources,
  }
  writeFileSync(path, JSON.stringify(settings))
  const child = spawn(process.execPath, ["src/lockstep.js", "run", "--config", path], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let log = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (log += data.toString()))
  const ended = new Promise<void>((done) => child.once("exit", () => done()))
  return { process: child, ended, log: () => log }
}

/** At once, also one that is stopped; waits until it is gone. */
export async function kill({ process: child, ended }: Lockstep): Promise<void> {
  child.kill("SIGKILL")
  await ended
}
