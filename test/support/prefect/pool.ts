import { mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs"
import { join, resolve } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { answers, isAlive, readServer, startDetached, templateOf } from "./server.ts"
import type { PrefectServer, PrefectVersion } from "./server.ts"

/**
 * Servers without services that test files use one after the other, each with an empty database: a start costs seconds
 * of the processor, and emptying nothing. One folder a server: `lease` points to the process that has it, `server.json`
 * says where it is. `sweep.ts` ends them.
 */
export const poolFolder = resolve(".cache/pool")
const serversMax = 50
const databaseMaxMs = 30_000

/** A server that nobody else uses until it is disposed. */
export async function leasePrefect(version: PrefectVersion): Promise<PrefectServer> {
  for (let n = 1; n <= serversMax; n++) {
    const folder = join(poolFolder, `${version}-${n}`)
    if (!takeLease(folder)) continue
    const known = readServer(folder)
    if (known && (await answers(known.url))) empty(known.home, version)
    else await startDetached(version, folder)
    const server = readServer(folder)
    if (!server) throw new Error(`${folder} has no server`)
    const release = async (): Promise<void> => rmSync(leaseOf(folder), { force: true })
    return { ...server, log: () => "", requests: () => 0, [Symbol.asyncDispose]: release }
  }
  throw new Error(`all ${serversMax} servers of ${poolFolder} are in use`)
}

/** False while a living process has it. Nobody takes it from a dead one but the sweep: two could at the same moment. */
export function takeLease(folder: string, from: "nobody" | "the dead" = "nobody"): boolean {
  mkdirSync(folder, { recursive: true })
  const lease = leaseOf(folder)
  if (from === "the dead" && !isAlive(Number(holderOf(lease)))) rmSync(lease, { force: true })
  try {
    symlinkSync(String(process.pid), lease)
    return true
  } catch {
    return false
  }
}

const leaseOf = (folder: string): string => join(folder, "lease")

function holderOf(lease: string): string | null {
  try {
    return readlinkSync(lease)
  } catch {
    return null
  }
}

/** Every table is again as a new server has it. */
function empty(home: string, version: PrefectVersion): void {
  using database = new DatabaseSync(join(home, "prefect.db"), {
    timeout: databaseMaxMs,
    enableForeignKeyConstraints: false,
  })
  database.prepare("ATTACH ? AS fresh").run(templateOf(version))
  const tables = database.prepare("SELECT name FROM fresh.sqlite_master WHERE type = 'table'").all()
  const again = tables.flatMap(({ name }) => [
    `DELETE FROM main."${String(name)}"`,
    `INSERT INTO main."${String(name)}" SELECT * FROM fresh."${String(name)}"`,
  ])
  database.exec(["BEGIN IMMEDIATE", ...again, "COMMIT"].join(";"))
}
