import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { poolFolder, takeLease } from "./pool.ts"
import { isAlive, readServer, serversFolder, sharedFolder } from "./server.ts"

/**
 * Runs before and after all tests: ends servers that no living test uses, and removes what killed tests left.
 * Several runs may share one checkout, so only what nobody uses goes.
 */
const endMaxMs = 5_000
const pollMs = 50

for (const version of foldersIn(sharedFolder)) await sweepShared(version)
for (const name of foldersIn(poolFolder)) await sweepPooled(join(poolFolder, name))
for (const name of foldersIn(serversFolder)) sweepHome(join(serversFolder, name))

async function sweepShared(version: string): Promise<void> {
  const folder = join(sharedFolder, version)
  if (foldersIn(join(folder, "users")).some((pid) => isAlive(Number(pid)))) return
  await endServer(folder)
}

async function sweepPooled(folder: string): Promise<void> {
  if (takeLease(folder, "the dead")) await endServer(folder)
}

async function endServer(folder: string): Promise<void> {
  const server = readServer(folder)
  if (server && isOurs(server.pid, server.port)) await end(server.pid)
  rmSync(folder, { recursive: true, force: true })
}

/** Process ids come back: only one that still runs our command is ended. */
function isOurs(pid: number, port: number): boolean {
  if (!isAlive(pid)) return false
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")
  return (
    command[0] === "timeout" &&
    command.includes("prefect.server.api.server:create_app") &&
    command.includes(String(port))
  )
}

/** The whole group: `timeout` leads it, because the server was started detached. */
async function end(pid: number): Promise<void> {
  process.kill(-pid, "SIGTERM")
  for (let waited = 0; waited < endMaxMs && isAlive(pid); waited += pollMs) {
    await new Promise((wake) => setTimeout(wake, pollMs))
  }
  if (isAlive(pid)) process.kill(-pid, "SIGKILL")
}

function sweepHome(home: string): void {
  const owner = join(home, "owner")
  if (existsSync(owner) && isAlive(Number(readFileSync(owner, "utf8")))) return
  rmSync(home, { recursive: true, force: true })
}

function foldersIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
